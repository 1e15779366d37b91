export { collect, hasRecords, type Collector } from "./collector.ts";
export { describeEventLog, type EventLogBench } from "./describe-event-log.ts";
