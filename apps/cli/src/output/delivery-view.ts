import { type Delivery, Delivery_State as State } from "@postrider/contracts/postrider/v1/delivery";
import { enumName } from "./enum-name.ts";
import { formatFields, formatTable } from "./table.ts";

/** A delivery as `--json` prints it. */
export function toDeliveryJson(delivery: Delivery): object {
  const { id, eventId, tenantId, subscriptionId, eventType, attemptCount } = delivery;
  return {
    ...{ id, eventId, tenantId, subscriptionId, eventType },
    state: stateOf(delivery),
    attemptCount,
    eventTime: delivery.eventTime?.toISOString(),
    acceptTime: delivery.acceptTime?.toISOString(),
    lastAttemptTime: delivery.lastAttemptTime?.toISOString(),
    nextAttemptTime: delivery.nextAttemptTime?.toISOString(),
    deliverTime: delivery.deliverTime?.toISOString(),
    deadReason: delivery.deadReason || undefined,
  };
}

/** Many, for people: a line each. */
export function formatDeliveries(deliveries: readonly Delivery[]): string {
  if (deliveries.length === 0) return "no deliveries\n";
  return formatTable(
    ["accepted", "id", "event", "subscription", "state", "attempts"],
    deliveries.map((delivery) => [
      delivery.acceptTime?.toISOString() ?? "",
      delivery.id,
      delivery.eventId,
      delivery.subscriptionId,
      describeState(delivery),
      String(delivery.attemptCount),
    ]),
  );
}

/** One, for people, without its attempts. */
export function formatDelivery(delivery: Delivery): string {
  return formatFields([
    ["id", delivery.id],
    ["event", `${delivery.eventId} (${delivery.eventType})`],
    ["tenant", delivery.tenantId],
    ["subscription", delivery.subscriptionId],
    ["state", describeState(delivery)],
    ["happened", delivery.eventTime?.toISOString() ?? ""],
    ["accepted", delivery.acceptTime?.toISOString() ?? ""],
    ["delivered", delivery.deliverTime?.toISOString() ?? ""],
    ["next attempt", delivery.nextAttemptTime?.toISOString() ?? ""],
  ]);
}

function describeState(delivery: Delivery): string {
  return delivery.deadReason ? `${stateOf(delivery)} (${delivery.deadReason})` : stateOf(delivery);
}

function stateOf({ state }: Delivery): string {
  return enumName(State, state, "STATE_");
}
