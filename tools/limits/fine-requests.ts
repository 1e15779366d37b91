// Requests that are fine, so that what is refused of a changed one is the change. A method that needs nothing is not here.
import type { JsonValue } from "@bufbuild/protobuf";

const SUBSCRIPTION = { tenantId: "acme", callbackUrl: "http://127.0.0.1:9/hook", eventTypes: ["*"] };
const EVENT = { tenantId: "acme", type: "order.kind_0", jsonData: "{}" };
const EVENT_TYPE = { name: "order.kind_0", examples: [{ name: "first", data: "{}" }] };

/** By method. @param id of a subscription that exists; @param mask the field that an update names */
export function makeFineRequest(name: string, id: string, mask: string): JsonValue {
  const requests: Readonly<Record<string, JsonValue>> = {
    Publish: { event: EVENT },
    PublishBatch: { events: [EVENT] },
    PublishStream: { event: EVENT },
    CreateEventType: { eventType: EVENT_TYPE },
    UpdateEventType: { eventType: EVENT_TYPE },
    CreateSubscription: {
      subscription: { ...SUBSCRIPTION, acknowledgement: { rule: "RULE_EXACT_BODY", exactBody: "ok" } },
    },
    UpdateSubscription: {
      subscription: { ...SUBSCRIPTION, id, acknowledgement: { rule: "RULE_EXACT_BODY", exactBody: "ok" } },
      updateMask: mask,
    },
    DisableSubscription: { id, reason: "because" },
    ReportEndpointHealth: {
      ...{ subscriptionId: id, callbackUrl: SUBSCRIPTION.callbackUrl },
      succeeded: { time: "2026-01-01T00:00:00Z" },
    },
    RotateSecret: { id },
    Resolve: { tenantId: "acme", eventType: "order.kind_0" },
  };
  return requests[name] ?? {};
}
