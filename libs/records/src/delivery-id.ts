import { hash } from "node:crypto";

/**
 * The id of the delivery of an event to a subscription: `dlv_` and 128 bits of SHA-256 over both ids, in hex. Reading an
 * event again names the same delivery again.
 */
export function deliveryIdOf(eventId: string, subscriptionId: string): string {
  return `dlv_${hash("sha256", `${eventId}\n${subscriptionId}`).slice(0, 32)}`;
}
