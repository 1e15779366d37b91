import { quote } from "@postrider/domain-event";
import { RpcError } from "@postrider/kit-rpc";

/** Of what things are looked up by: no id or name is longer. */
const MAX_KEY_CHARS = 128;
/** Of URLs that are compared with those of subscriptions, which are no longer. */
export const MAX_URL_CHARS = 2048;

/**
 * The message or text, which has to be there. A text with U+0000 is a key of nothing, and PostgreSQL would not even
 * look for it.
 * @throws {RpcError} `invalid_argument`
 */
export function requireField<Value>(
  field: string,
  value: Value | undefined,
  mostChars = MAX_KEY_CHARS,
): NonNullable<Value> {
  if (value === undefined || value === null || value === "") {
    throw RpcError.invalid([{ field, description: "is required" }]);
  }
  if (typeof value === "string") assertKey(field, value, mostChars);
  return value;
}

/** 9999-12-31T23:59:59.999Z: what a Timestamp may say. */
const MAX_TIME_MS = 253_402_300_799_999;

/** Milliseconds since the epoch. @throws {RpcError} `invalid_argument` also for what is beyond the calendar */
export function requireTimeMs(field: string, time: Date | undefined): number {
  const timeMs = requireField(field, time).getTime();
  if (timeMs >= 0 && timeMs <= MAX_TIME_MS) return timeMs;
  const description = `${timeMs} ms since the epoch is not within the years 1970 to 9999`;
  throw RpcError.invalid([{ field, description }]);
}

/** @throws {RpcError} `invalid_argument` for a text that can't be the key of anything */
export function assertKey(field: string, text: string, mostChars = MAX_KEY_CHARS): void {
  if (text.length > mostChars) {
    const description = `${quote(text)} has ${text.length} characters; at most ${mostChars} are allowed`;
    throw RpcError.invalid([{ field, description }]);
  }
  if (text.includes("\0")) throw RpcError.invalid([{ field, description: `${quote(text)} holds U+0000` }]);
}

/** What was looked for. @throws {RpcError} `not_found` */
export function requireFound<Value>(what: string, key: string, value: Value | undefined): Value {
  if (value !== undefined) return value;
  throw new RpcError("not_found", `there is no ${what} ${quote(key)}`);
}
