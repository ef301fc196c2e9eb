// What the page remembers: rows of seconds as the server sends them, the newest last, at most fifteen minutes of them.
import type { HistoryJson, LiveState, SeriesField, SeriesRow } from "../api-types.ts";

const maxRows = 900;
/** A hole between two rows longer than this is drawn as a hole. */
const holeSeconds = 5;

export class Series {
  #fields: readonly SeriesField[] = [];
  #rows: SeriesRow[] = [];
  state: LiveState | undefined;

  /** Takes the server's history; what the page knew of earlier times stays in front of it. */
  load(history: HistoryJson): void {
    const first = Number(history.rows[0]?.[0] ?? Number.POSITIVE_INFINITY);
    const earlier = this.#rows.filter((row) => Number(row[0]) < first);
    this.#fields = history.fields;
    this.#rows = earlier.slice(-maxRows);
    for (const row of history.rows) this.#add(row);
    if (history.state !== null) this.state = history.state;
  }

  append(row: SeriesRow, state: LiveState): void {
    this.#add(row);
    this.state = state;
  }

  /** Unix time in seconds of the newest row; 0 when there is none. */
  get newestAt(): number {
    return Number(this.#rows.at(-1)?.[0] ?? 0);
  }

  latest(field: SeriesField): number | null {
    return this.#rows.at(-1)?.[this.#fields.indexOf(field)] ?? null;
  }

  /** A field's values at and after `from` (Unix seconds). */
  column(field: SeriesField, from: number): (number | null)[] {
    const place = this.#fields.indexOf(field);
    return this.#rows.filter((row) => Number(row[0]) >= from).map((row) => row[place] ?? null);
  }

  #add(row: SeriesRow): void {
    const at = Number(row[0]);
    const last = this.newestAt;
    if (at <= last) return;
    if (last > 0 && at - last > holeSeconds) this.#rows.push([last + 1, ...row.slice(1).map(() => null)]);
    this.#rows.push(row);
    if (this.#rows.length > maxRows) this.#rows.splice(0, this.#rows.length - maxRows);
  }
}
