import { quote } from "@postrider/domain-event";
import { RpcError } from "@postrider/kit-rpc";

/** The message or text, which has to be there. @throws {RpcError} `invalid_argument` */
export function requireField<Value>(field: string, value: Value | undefined): NonNullable<Value> {
  if (value !== undefined && value !== null && value !== "") return value;
  throw RpcError.invalid([{ field, description: "is required" }]);
}

/** What was looked for. @throws {RpcError} `not_found` */
export function requireFound<Value>(what: string, key: string, value: Value | undefined): Value {
  if (value !== undefined) return value;
  throw new RpcError("not_found", `there is no ${what} ${quote(key)}`);
}
