import type { Duration } from "@postrider/contracts/google/protobuf/duration";

const MS_PER_UNIT = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof MS_PER_UNIT;

/** The largest whole units first, for people. */
const UNITS_FOR_PEOPLE: readonly Unit[] = ["d", "h", "m", "s", "ms"];

/** No setting of the platform is longer than 30 days; a year catches a slip such as a wrong unit. */
const MAX_MS = 365 * MS_PER_UNIT.d;

/**
 * Reads a duration such as 500ms, 5s, 1.5s, 2m, 1h or 1d.
 * @returns milliseconds, 0 to a year
 * @throws RangeError that names the text and what is expected
 */
export function parseDuration(text: string): number {
  const match = /^(\d{1,11}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text.trim());
  if (!match) throw new RangeError(`"${text}" is not a duration such as 500ms, 5s, 2m, 1h or 1d`);
  const [, amount, unit] = match;
  const durationMs = Math.round(Number(amount) * MS_PER_UNIT[unit as Unit]);
  if (durationMs > MAX_MS) throw new RangeError(`"${text}" is longer than 365d`);
  return durationMs;
}

/** Reads a list such as 5s,30s,2m; `none` is the empty list. Same errors as {@link parseDuration}. */
export function parseDurations(text: string): number[] {
  return text.trim() === "none" ? [] : text.split(",").map(parseDuration);
}

/** Milliseconds as protobuf writes them. */
export function encodeDuration(durationMs: number): Duration {
  return { seconds: BigInt(Math.floor(durationMs / 1000)), nanos: (durationMs % 1000) * 1_000_000 };
}

/** Protobuf's duration in milliseconds; finer parts are cut. */
export function decodeDuration({ seconds, nanos }: Duration): number {
  return Number(seconds) * 1000 + Math.trunc(nanos / 1_000_000);
}

/** In the largest unit that needs no fraction: 90000 is 90s, 120000 is 2m. {@link parseDuration} reads it back. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return "0s";
  const unit = UNITS_FOR_PEOPLE.find((candidate) => durationMs % MS_PER_UNIT[candidate] === 0) ?? "ms";
  return `${durationMs / MS_PER_UNIT[unit]}${unit}`;
}
