export { createKysely } from "./create-kysely.ts";
export {
  EventStoreError,
  type AppendToStream,
  type EventStore,
  type EventStoreErrorCode,
  type NewEvent,
  type StoredEvent,
} from "./event-store.ts";
export { eventStoreSchema, openSqliteEventStore } from "./sqlite-event-store.ts";
