export {
  conformanceSchema,
  describeEventStore,
  type ConformanceSchema,
  type OpenedEventStore,
} from "./describe-event-store.ts";
