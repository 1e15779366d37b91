export { openPostgres, type PostgresOptions } from "./open-postgres.ts";
export {
  PostgresError,
  type Postgres,
  type PostgresErrorCode,
  type PostgresRow,
  type QueryOutcome,
  type RunQuery,
  type TransactionOptions,
} from "./postgres.ts";
export { createPostgresDialect } from "./postgres-dialect.ts";
export { POSTGRES_SETTINGS } from "./postgres-settings.ts";
