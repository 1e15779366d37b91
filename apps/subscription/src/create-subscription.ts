import { EventTypeServiceService } from "@postrider/contracts/postrider/v1/event_type";
import { SubscriptionServiceService } from "@postrider/contracts/postrider/v1/subscription";
import type { RpcService } from "@postrider/kit-rpc";
import { createLookups, type SubscriptionLookups } from "./create-lookups.ts";
import { createEventTypeService } from "./grpc/event-type-service.ts";
import { createSubscriptionService } from "./grpc/subscription-service.ts";
import type { SubscriptionDeps } from "./subscription-deps.ts";

/** The subscription service: what it serves over gRPC, and to its own process. */
export interface SubscriptionApp {
  readonly services: readonly RpcService[];
  readonly lookups: SubscriptionLookups;
}

/** Wires subscriptions and the catalog of event types. Holds nothing that has to be closed: the store is the caller's. */
export function createSubscription(deps: SubscriptionDeps): SubscriptionApp {
  const lookups = createLookups(deps);
  const services: readonly RpcService[] = [
    {
      name: "postrider.v1.SubscriptionService",
      definition: SubscriptionServiceService,
      implementation: createSubscriptionService(deps, lookups),
    },
    {
      name: "postrider.v1.EventTypeService",
      definition: EventTypeServiceService,
      implementation: createEventTypeService(deps, lookups),
    },
  ];
  return { services, lookups };
}
