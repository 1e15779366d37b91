export { createKysely } from "./create-kysely.ts";
export { createPostgresKysely } from "./create-postgres-kysely.ts";
export {
  EventStoreError,
  type AppendToStream,
  type EventStore,
  type EventStoreErrorCode,
  type NewEvent,
  type StoredEvent,
} from "./event-store.ts";
export {
  openPostgresEventStore,
  postgresEventStoreSchema,
  type PostgresEventStoreOptions,
} from "./postgres-event-store.ts";
export { eventStoreSchema, openSqliteEventStore } from "./sqlite-event-store.ts";
