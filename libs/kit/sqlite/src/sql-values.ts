import type { SqlValue } from "./sqlite.ts";

/**
 * The parameters of a compiled query as SQLite takes them.
 * @throws {TypeError} that names the parameter, such as a boolean or a Date: the caller chooses its column format
 */
export function toSqlValues(parameters: readonly unknown[]): readonly SqlValue[] {
  return parameters.map((value, index) => {
    if (isSqlValue(value)) return value;
    throw new TypeError(`parameter ${index + 1} is of type ${typeof value}, which SQLite can't store`);
  });
}

function isSqlValue(value: unknown): value is SqlValue {
  return (
    value === null ||
    typeof value === "string" ||
    typeof value === "number" ||
    typeof value === "bigint" ||
    value instanceof Uint8Array
  );
}
