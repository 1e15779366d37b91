import { EventTypeServiceService } from "@postrider/contracts/postrider/v1/event_type";
import {
  type DisableSubscriptionRequest,
  type ReportEndpointHealthRequest,
  type ReportEndpointHealthResponse,
  SubscriptionServiceService,
} from "@postrider/contracts/postrider/v1/subscription";
import type { RpcService } from "@postrider/kit-rpc";
import { createLookups, type SubscriptionLookups } from "./create-lookups.ts";
import { EVENT_TYPE_ACCESS, SUBSCRIPTION_ACCESS } from "./grpc/access.ts";
import { decodeDisabling } from "./grpc/decode-subscription.ts";
import { createEventTypeService } from "./grpc/event-type-service.ts";
import { answerHealthReport, createSubscriptionService } from "./grpc/subscription-service.ts";
import type { SubscriptionDeps } from "./subscription-deps.ts";
import { disableSubscription } from "./subscriptions/change-subscription.ts";

/** The subscription service: what it serves over gRPC, and to its own process. */
export interface SubscriptionApp {
  readonly services: readonly RpcService[];
  readonly lookups: SubscriptionLookups;
  /** DisableSubscription, for a dispatcher in the same process. @throws {RpcError} as over gRPC */
  readonly disable: (request: DisableSubscriptionRequest) => Promise<void>;
  /** ReportEndpointHealth, for a dispatcher in the same process. @throws {RpcError} as over gRPC */
  readonly reportHealth: (request: ReportEndpointHealthRequest) => Promise<ReportEndpointHealthResponse>;
}

/** Wires subscriptions and the catalog of event types. Holds nothing that has to be closed: the store is the caller's. */
export function createSubscription(deps: SubscriptionDeps): SubscriptionApp {
  const lookups = createLookups(deps);
  const services: readonly RpcService[] = [
    {
      name: "postrider.v1.SubscriptionService",
      definition: SubscriptionServiceService,
      implementation: createSubscriptionService(deps, lookups),
      access: SUBSCRIPTION_ACCESS,
    },
    {
      name: "postrider.v1.EventTypeService",
      definition: EventTypeServiceService,
      implementation: createEventTypeService(deps, lookups),
      access: EVENT_TYPE_ACCESS,
    },
  ];
  return {
    services,
    lookups,
    disable: async (request) => {
      await disableSubscription(deps, decodeDisabling(request));
    },
    reportHealth: async (request) => answerHealthReport(deps, request),
  };
}
