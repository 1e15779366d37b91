import { InvalidArgumentError } from "commander";
import { parseDuration, parseDurations } from "../duration.ts";

/** An option's argument as a duration in milliseconds. */
export function durationMs(text: string): number {
  return refusing(() => parseDuration(text));
}

/** An option's argument as a list of durations in milliseconds. */
export function durationsMs(text: string): number[] {
  return refusing(() => parseDurations(text));
}

/** An option's argument as an integer from `min` to `max`. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be an integer from ${min} to ${max}.`);
  };
}

/** An option's argument as a number above 0. */
export function positiveNumber(text: string): number {
  const value = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  throw new InvalidArgumentError("It must be a number above 0.");
}

/** An option's argument as a list: a,b. Empty items are refused. */
export function commaSeparated(text: string): string[] {
  const items = text.split(",").map((item) => item.trim());
  if (items.includes("")) throw new InvalidArgumentError("It must be a list such as a,b without empty items.");
  return items;
}

/** A repeatable option's `Name: value`, added to those before it. */
export function header(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const match = /^([^\s:]+):\s*(.*)$/.exec(text);
  const [, name, value] = match ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("It must read 'Name: value'.");
  return { ...before, [name]: value.trimEnd() };
}

/** An option's argument as a moment: RFC 3339, such as 2030-01-31T12:00:00Z. */
export function moment(text: string): Date {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(time)) throw new InvalidArgumentError("It must be a time such as 2030-01-31T12:00:00Z.");
  return new Date(time);
}

/** An option's argument as a moment, or as a duration from now on. */
export function expiry(text: string): Date {
  return /^\d{4}-/.test(text) ? moment(text) : new Date(Date.now() + durationMs(text));
}

/** One of an enum's values by its name, as people write it: `cloudevents-binary` is CLOUDEVENTS_BINARY. */
export function oneOf<Value>(values: Readonly<Record<string, Value>>): (text: string) => Value {
  return (text) => {
    const value = new Map(Object.entries(values)).get(text.toLowerCase());
    if (value === undefined) throw new InvalidArgumentError(`It must be one of ${Object.keys(values).join(", ")}.`);
    return value;
  };
}

function refusing<Value>(parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RangeError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}
