export {
  DeferredError,
  type Deferred,
  type DeferredErrorCode,
  type DeferredTask,
  type RunDeferredOptions,
} from "./deferred.ts";
export { type DeferredNotice } from "./kafka/deferred-notice.ts";
export { openKafkaDeferred, type KafkaDeferredOptions } from "./kafka/open-kafka-deferred.ts";
export { deferredTopics } from "./kafka/tiers.ts";
export { deferredSchema } from "./sqlite/due-table.ts";
export { openSqliteDeferred, type SqliteDeferredOptions } from "./sqlite/open-sqlite-deferred.ts";
