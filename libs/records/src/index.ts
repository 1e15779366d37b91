export { decodeAttempts, encodeAttempts, type RecordedAttempt } from "./attempt-record.ts";
export { encodeCut } from "./cut-record.ts";
export {
  decodeDeadLetter,
  decodeDeferredDelivery,
  encodeDeadLetter,
  encodeDeferredDelivery,
  encodeQuarantinedTask,
  TO_BE_LOOKED_UP,
  type DeadLetter,
  type DeferredDelivery,
} from "./deferred-record.ts";
export { deliveryIdOf } from "./delivery-id.ts";
export { decodeEvent, encodeEvent, encodeQuarantined, type DecodedEvent } from "./event-record.ts";
export { RETENTION_SETTING } from "./retention-setting.ts";
export { planTopics, TOPICS, type PlannedTopic } from "./topics.ts";
