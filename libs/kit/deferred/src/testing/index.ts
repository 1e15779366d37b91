export { describeDeferred, type DeferredBench } from "./describe-deferred.ts";
export {
  createMemoryKafka,
  type MemoryKafka,
  type MemoryKafkaConnection,
  type MemoryKafkaFaults,
  type MemoryKafkaOptions,
} from "./memory-kafka.ts";
export { runAndCollect, type CollectOptions, type TaskCollector } from "./task-collector.ts";
