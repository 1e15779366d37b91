export { describeDeferred, type DeferredBench } from "./describe-deferred.ts";
export { runAndCollect, type CollectOptions, type TaskCollector } from "./task-collector.ts";
