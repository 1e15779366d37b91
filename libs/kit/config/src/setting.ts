/** One setting: its variable, its meaning, how its text is read. All of it in one place, so that the docs can't drift. */
export interface Setting<T> {
  /** The environment variable. */
  readonly variable: string;
  /** What it does, with its unit and range, for people. */
  readonly doc: string;
  /** The text that stands for it when the variable is absent or empty. */
  readonly fallback: string;
  /** Secret values are not repeated in messages. */
  readonly isSecret?: boolean;
  /** Reads the text, or says what it should have been. */
  readonly parse: (text: string) => Parsed<T>;
}

export type Parsed<T> =
  { readonly kind: "value"; readonly value: T } | { readonly kind: "wrong"; readonly wanted: string };

type Texts = Pick<Setting<unknown>, "variable" | "doc" | "fallback">;

const wrong = (wanted: string): { kind: "wrong"; wanted: string } => ({ kind: "wrong", wanted });
const value = <T>(parsed: T): { kind: "value"; value: T } => ({ kind: "value", value: parsed });

/** Any text that is not empty. */
export function textSetting(texts: Texts): Setting<string> {
  return { ...texts, parse: (text) => (text === "" ? wrong("a text that is not empty") : value(text)) };
}

/** host:port; an IPv6 host stands in brackets. Port 0 lets the system choose. */
export function addressSetting(texts: Texts): Setting<string> {
  const parse = (text: string): Parsed<string> => {
    const match = /^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(text);
    return match && Number(match[1]) <= 65535 ? value(text) : wrong("host:port, such as 127.0.0.1:50051");
  };
  return { ...texts, parse };
}

/** One that may be left out; then it is undefined. */
export function optionalSetting<T>(setting: Setting<T>): Setting<T | undefined> {
  return { ...setting, parse: (text) => (text === "" ? value(undefined) : setting.parse(text)) };
}

/** A whole number from `min` to `max`. */
export function integerSetting(texts: Texts, { min, max }: { min: number; max: number }): Setting<number> {
  const parse = (text: string): Parsed<number> => {
    const number = /^-?\d+$/.test(text) ? Number(text) : NaN;
    return number >= min && number <= max ? value(number) : wrong(`a whole number from ${min} to ${max}`);
  };
  return { ...texts, parse };
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration such as 500ms, 15s, 10m, 6h, 7d, read as milliseconds. */
export function durationSetting(texts: Texts, { minMs, maxMs }: { minMs: number; maxMs: number }): Setting<number> {
  const parse = (text: string): Parsed<number> => {
    const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
    const ms = match ? Number(match[1]) * (UNITS_MS[match[2] ?? ""] ?? NaN) : NaN;
    return ms >= minMs && ms <= maxMs ? value(ms) : wrong(`a duration such as 15s, from ${minMs} ms to ${maxMs} ms`);
  };
  return { ...texts, parse };
}

/** Texts separated by commas; empty for none. */
export function listSetting(texts: Texts): Setting<readonly string[]> {
  const split = (text: string): string[] => text.split(",").map((item) => item.trim());
  return { ...texts, parse: (text) => value(split(text).filter((item) => item !== "")) };
}

/** One of a few words. */
export function choiceSetting<T extends string>(texts: Texts, choices: readonly T[]): Setting<T> {
  const parse = (text: string): Parsed<T> => {
    const chosen = choices.find((choice) => choice === text);
    return chosen === undefined ? wrong(`one of ${choices.join(", ")}`) : value(chosen);
  };
  return { ...texts, parse };
}
