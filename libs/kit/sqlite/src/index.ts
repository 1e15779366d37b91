export { openSqlite, type SqliteOptions } from "./open-sqlite.ts";
export {
  SqliteError,
  type Sqlite,
  type SqliteErrorCode,
  type SqlRow,
  type SqlValue,
  type Statement,
  type StatementResult,
} from "./sqlite.ts";
export { toSqlValues } from "./sql-values.ts";
export { createSqliteDialect } from "./sqlite-dialect.ts";
