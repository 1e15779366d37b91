import { EventType } from "@postrider/contracts/postrider/v1/event_type";
import { Subscription } from "@postrider/contracts/postrider/v1/subscription";

// An empty buffer decodes to a message without a field set: what a caller who names nothing sends.
const nothing = new Uint8Array();

/** A subscription of acme to everything, unless said otherwise. */
export function subscriptionMessage(fields: Partial<Subscription> = {}): Subscription {
  const required = { tenantId: "acme", callbackUrl: "https://example.com/hook", eventTypes: ["*"] };
  return { ...Subscription.decode(nothing), ...required, ...fields };
}

/** The event type order.paid that takes any data, unless said otherwise. */
export function eventTypeMessage(fields: Partial<EventType> = {}): EventType {
  return { ...EventType.decode(nothing), name: "order.paid", ...fields };
}
