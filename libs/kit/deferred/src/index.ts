export { DeferredError, type Deferred, type DeferredTask, type RunDeferredOptions } from "./deferred.ts";
export { deferredSchema } from "./due-table.ts";
export { openSqliteDeferred, type SqliteDeferredOptions } from "./open-sqlite-deferred.ts";
