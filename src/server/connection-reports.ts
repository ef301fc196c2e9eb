// Asks the I/O threads what they know of their connections, for CLIENT LIST: descriptors, idle times, buffers. One report a
// question; every thread posts a row for each connection and then one for connection 0.
import type { ServerEvent } from "../native.ts";

/** The fields of a row by name: "fd", "idle_ms", "db" ... */
export type ReportRow = ReadonlyMap<string, string>;
export type ConnectionReport = ReadonlyMap<number, ReportRow>;

interface Question {
  rows: Map<number, ReportRow>;
  threadsLeft: number;
  resolve(report: ConnectionReport): void;
  timer: NodeJS.Timeout;
}

export interface ReportSource {
  requestReport(token: number): void;
}

export class ConnectionReports {
  readonly #source: ReportSource;
  readonly #ioThreads: number;
  readonly #patienceMs: number;
  readonly #questions = new Map<number, Question>();
  #lastToken = 0;

  /** A thread that is busy for longer than patienceMs is left out of the report. */
  constructor(source: ReportSource, ioThreads: number, patienceMs = 1000) {
    this.#source = source;
    this.#ioThreads = ioThreads;
    this.#patienceMs = patienceMs;
  }

  ask(): Promise<ConnectionReport> {
    this.#lastToken = (this.#lastToken % 0xffff_ffff) + 1;
    const token = this.#lastToken;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#finish(token), this.#patienceMs).unref();
      this.#questions.set(token, { rows: new Map(), threadsLeft: this.#ioThreads, resolve, timer });
      this.#source.requestReport(token);
    });
  }

  /** A REPORT event came. */
  take(event: ServerEvent): void {
    const question = this.#questions.get(event.database);
    if (question === undefined) return;
    if (event.connection !== 0) question.rows.set(event.connection, parseRow(event.text));
    else if (--question.threadsLeft === 0) this.#finish(event.database);
  }

  /** Answers every open question with what has come. */
  stop(): void {
    for (const token of this.#questions.keys()) this.#finish(token);
  }

  #finish(token: number): void {
    const question = this.#questions.get(token);
    if (question === undefined) return;
    this.#questions.delete(token);
    clearTimeout(question.timer);
    question.resolve(question.rows);
  }
}

function parseRow(text: string): ReportRow {
  return new Map(
    text.split(" ").map((field) => {
      const at = field.indexOf("=");
      return [field.slice(0, at), field.slice(at + 1)];
    }),
  );
}
