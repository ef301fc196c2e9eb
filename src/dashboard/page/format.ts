// Numbers as people read them: short, with a unit, never more exact than useful.

export type Formatter = (value: number | null | undefined) => string;

const absent = "–";

function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return String(Math.round(value));
  return size >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function scaled(value: number, step: number, units: readonly string[]): string {
  let size = value;
  let place = 0;
  while (Math.abs(size) >= step && place < units.length - 1) {
    size /= step;
    place += 1;
  }
  return `${short(size)}${units[place] ?? ""}`;
}

function guarded(format: (value: number) => string): Formatter {
  return (value) => (value === null || value === undefined || !Number.isFinite(value) ? absent : format(value));
}

export const count = guarded((value) => scaled(value, 1000, ["", " k", " M", " G"]));
export const perSecond = guarded((value) => `${count(value)}/s`);
export const bytes = guarded((value) => scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB"]));
export const bytesPerSecond = guarded((value) => `${bytes(value)}/s`);
export const percent = guarded((value) => `${short(value * 100)} %`);
export const whole = guarded((value) => Math.round(value).toLocaleString("en"));

export const seconds = guarded((value) => {
  if (value === 0) return "0 s";
  if (value < 1e-6) return `${Math.round(value * 1e9)} ns`;
  if (value < 1e-3) return `${short(value * 1e6)} µs`;
  if (value < 1) return `${short(value * 1e3)} ms`;
  return `${short(value)} s`;
});

/** A long time in its two biggest units. */
export const age = guarded((value) => {
  const total = Math.max(0, Math.floor(value));
  const parts = [
    [Math.floor(total / 86400), "d"],
    [Math.floor(total / 3600) % 24, "h"],
    [Math.floor(total / 60) % 60, "min"],
    [total % 60, "s"],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first === -1) return "0 s";
  const shown = parts.slice(first, first + 2).filter(([amount]) => amount > 0);
  return shown.map(([amount, unit]) => `${amount} ${unit}`).join(" ");
});

/** The time of day of a moment in Unix milliseconds. */
export function timeOfDay(atMs: number): string {
  return new Date(atMs).toLocaleTimeString("en-GB");
}
