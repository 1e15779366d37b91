export { decodeAttempts, encodeAttempts, type RecordedAttempt } from "./attempt-record.ts";
export {
  decodeDeadLetter,
  decodeDeferredDelivery,
  encodeDeadLetter,
  encodeDeferredDelivery,
  encodeQuarantinedTask,
  type DeadLetter,
  type DeferredDelivery,
} from "./deferred-record.ts";
export { deliveryIdOf } from "./delivery-id.ts";
export { decodeEvent, encodeEvent, encodeQuarantined, type DecodedEvent } from "./event-record.ts";
export { TOPICS } from "./topics.ts";
