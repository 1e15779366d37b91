import { AccessTokenServiceService } from "@postrider/contracts/postrider/v1/access";
import { EventTypeServiceService } from "@postrider/contracts/postrider/v1/event_type";
import {
  type DisableSubscriptionRequest,
  type ReportEndpointHealthRequest,
  type ReportEndpointHealthResponse,
  SubscriptionServiceService,
} from "@postrider/contracts/postrider/v1/subscription";
import type { TokenStore } from "@postrider/kit-access";
import type { RpcService } from "@postrider/kit-rpc";
import { createTokenStore } from "./access-tokens/create-token-store.ts";
import { createLookups, type SubscriptionLookups } from "./create-lookups.ts";
import { ACCESS_TOKEN_ACCESS, EVENT_TYPE_ACCESS, SUBSCRIPTION_ACCESS } from "./grpc/access.ts";
import { createAccessTokenService } from "./grpc/access-token-service.ts";
import { decodeDisabling } from "./grpc/decode-subscription.ts";
import { createEventTypeService } from "./grpc/event-type-service.ts";
import { answerHealthReport, createSubscriptionService } from "./grpc/subscription-service.ts";
import type { SubscriptionDeps } from "./subscription-deps.ts";
import { disableSubscription } from "./subscriptions/change-subscription.ts";

/** The subscription service: what it serves over gRPC, and to its own process. */
export interface SubscriptionApp {
  readonly services: readonly RpcService[];
  readonly lookups: SubscriptionLookups;
  /** The tokens by which callers are known. */
  readonly accessTokens: TokenStore;
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
    {
      name: "postrider.v1.AccessTokenService",
      definition: AccessTokenServiceService,
      implementation: createAccessTokenService(deps),
      access: ACCESS_TOKEN_ACCESS,
    },
  ];
  return {
    services,
    lookups,
    accessTokens: createTokenStore(deps),
    disable: async (request) => {
      await disableSubscription(deps, decodeDisabling(request));
    },
    reportHealth: async (request) => answerHealthReport(deps, request),
  };
}
