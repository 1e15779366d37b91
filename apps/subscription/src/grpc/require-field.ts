import { quote } from "@postrider/domain-event";
import { RpcError } from "@postrider/kit-rpc";

/**
 * The message or text, which has to be there. A text with U+0000 is a key of nothing, and PostgreSQL would not even
 * look for it.
 * @throws {RpcError} `invalid_argument`
 */
export function requireField<Value>(field: string, value: Value | undefined): NonNullable<Value> {
  if (value === undefined || value === null || value === "") {
    throw RpcError.invalid([{ field, description: "is required" }]);
  }
  if (typeof value !== "string" || !value.includes("\0")) return value;
  throw RpcError.invalid([{ field, description: `${quote(value)} holds U+0000` }]);
}

/** What was looked for. @throws {RpcError} `not_found` */
export function requireFound<Value>(what: string, key: string, value: Value | undefined): Value {
  if (value !== undefined) return value;
  throw new RpcError("not_found", `there is no ${what} ${quote(key)}`);
}
