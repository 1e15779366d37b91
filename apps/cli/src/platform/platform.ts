import {
  AccessTokenServiceClient,
  type CreateAccessTokenRequest,
  type CreateAccessTokenResponse,
  type ListAccessTokensRequest,
  type ListAccessTokensResponse,
  type RevokeAccessTokenRequest,
  type RevokeAccessTokenResponse,
} from "@postrider/contracts/postrider/v1/access";
import {
  DeliveryServiceClient,
  type GetDeliveryRequest,
  type GetDeliveryResponse,
  type GetEventRequest,
  type GetEventResponse,
  type ListDeliveriesRequest,
  type ListDeliveriesResponse,
  type ListEventsRequest,
  type ListEventsResponse,
} from "@postrider/contracts/postrider/v1/delivery";
import {
  type CreateEventTypeRequest,
  type CreateEventTypeResponse,
  EventTypeServiceClient,
  type GetEventTypeRequest,
  type GetEventTypeResponse,
  type ListEventTypesRequest,
  type ListEventTypesResponse,
  type UpdateEventTypeRequest,
  type UpdateEventTypeResponse,
} from "@postrider/contracts/postrider/v1/event_type";
import {
  IngestServiceClient,
  type PublishRequest,
  type PublishResponse,
} from "@postrider/contracts/postrider/v1/ingest";
import {
  type CreateSubscriptionRequest,
  type CreateSubscriptionResponse,
  type DeleteSubscriptionRequest,
  type DeleteSubscriptionResponse,
  type DisableSubscriptionRequest,
  type DisableSubscriptionResponse,
  type GetMasterKeyUsageRequest,
  type GetMasterKeyUsageResponse,
  type GetSubscriptionRequest,
  type GetSubscriptionResponse,
  type ListSubscriptionsRequest,
  type ListSubscriptionsResponse,
  type PauseSubscriptionRequest,
  type PauseSubscriptionResponse,
  type ResumeSubscriptionRequest,
  type ResumeSubscriptionResponse,
  type RewrapSecretsRequest,
  type RewrapSecretsResponse,
  type RotateSecretRequest,
  type RotateSecretResponse,
  SubscriptionServiceClient,
  type VerifySubscriptionRequest,
  type VerifySubscriptionResponse,
} from "@postrider/contracts/postrider/v1/subscription";
import { call } from "@postrider/kit-rpc";
import { CallFailure } from "../failures.ts";
import type { GlobalOptions } from "../options/global-options.ts";
import { openCredentials } from "./open-credentials.ts";

type Method<Request, Response> = (request: Request) => Promise<Response>;

/** What the command line asks of the platform: unary calls, each with the deadline of `--timeout`. */
export interface Platform {
  readonly createEventType: Method<CreateEventTypeRequest, CreateEventTypeResponse>;
  readonly getEventType: Method<GetEventTypeRequest, GetEventTypeResponse>;
  readonly listEventTypes: Method<ListEventTypesRequest, ListEventTypesResponse>;
  readonly updateEventType: Method<UpdateEventTypeRequest, UpdateEventTypeResponse>;
  readonly createSubscription: Method<CreateSubscriptionRequest, CreateSubscriptionResponse>;
  readonly getSubscription: Method<GetSubscriptionRequest, GetSubscriptionResponse>;
  readonly listSubscriptions: Method<ListSubscriptionsRequest, ListSubscriptionsResponse>;
  readonly pauseSubscription: Method<PauseSubscriptionRequest, PauseSubscriptionResponse>;
  readonly resumeSubscription: Method<ResumeSubscriptionRequest, ResumeSubscriptionResponse>;
  readonly verifySubscription: Method<VerifySubscriptionRequest, VerifySubscriptionResponse>;
  readonly disableSubscription: Method<DisableSubscriptionRequest, DisableSubscriptionResponse>;
  readonly deleteSubscription: Method<DeleteSubscriptionRequest, DeleteSubscriptionResponse>;
  readonly rotateSecret: Method<RotateSecretRequest, RotateSecretResponse>;
  readonly getMasterKeyUsage: Method<GetMasterKeyUsageRequest, GetMasterKeyUsageResponse>;
  readonly rewrapSecrets: Method<RewrapSecretsRequest, RewrapSecretsResponse>;
  readonly createAccessToken: Method<CreateAccessTokenRequest, CreateAccessTokenResponse>;
  readonly listAccessTokens: Method<ListAccessTokensRequest, ListAccessTokensResponse>;
  readonly revokeAccessToken: Method<RevokeAccessTokenRequest, RevokeAccessTokenResponse>;
  readonly publish: Method<PublishRequest, PublishResponse>;
  readonly getEvent: Method<GetEventRequest, GetEventResponse>;
  readonly listEvents: Method<ListEventsRequest, ListEventsResponse>;
  readonly getDelivery: Method<GetDeliveryRequest, GetDeliveryResponse>;
  readonly listDeliveries: Method<ListDeliveriesRequest, ListDeliveriesResponse>;
}

type UnaryMethod<Request, Response> = Parameters<typeof call<Request, Response>>[0];

/** Connects, hands the platform to `use`, and closes the connections whatever came of it. */
export async function withPlatform<Result>(
  globals: GlobalOptions,
  use: (platform: Platform) => Promise<Result>,
): Promise<Result> {
  const { address, subscriptionAddress, ledgerAddress, timeoutMs } = globals;
  const { channel, ...caller } = openCredentials(globals);
  // A proxy of the environment is for the internet; the platform is near.
  const options = { ...caller.options, "grpc.enable_http_proxy": 0 };
  const accessTokens = new AccessTokenServiceClient(subscriptionAddress, channel, options);
  const eventTypes = new EventTypeServiceClient(subscriptionAddress, channel, options);
  const subscriptions = new SubscriptionServiceClient(subscriptionAddress, channel, options);
  const ingest = new IngestServiceClient(address, channel, options);
  const ledger = new DeliveryServiceClient(ledgerAddress, channel, options);

  /** @throws {CallFailure} (the method) */
  function promised<Request, Response>(
    method: UnaryMethod<Request, Response>,
    at: string = subscriptionAddress,
  ): Method<Request, Response> {
    return async (request) => {
      try {
        return await call(method, request, { deadline: new Date(Date.now() + timeoutMs) });
      } catch (error) {
        throw new CallFailure(at, error);
      }
    };
  }

  try {
    return await use({
      createEventType: promised(eventTypes.createEventType.bind(eventTypes)),
      getEventType: promised(eventTypes.getEventType.bind(eventTypes)),
      listEventTypes: promised(eventTypes.listEventTypes.bind(eventTypes)),
      updateEventType: promised(eventTypes.updateEventType.bind(eventTypes)),
      createSubscription: promised(subscriptions.createSubscription.bind(subscriptions)),
      getSubscription: promised(subscriptions.getSubscription.bind(subscriptions)),
      listSubscriptions: promised(subscriptions.listSubscriptions.bind(subscriptions)),
      pauseSubscription: promised(subscriptions.pauseSubscription.bind(subscriptions)),
      resumeSubscription: promised(subscriptions.resumeSubscription.bind(subscriptions)),
      verifySubscription: promised(subscriptions.verifySubscription.bind(subscriptions)),
      disableSubscription: promised(subscriptions.disableSubscription.bind(subscriptions)),
      deleteSubscription: promised(subscriptions.deleteSubscription.bind(subscriptions)),
      rotateSecret: promised(subscriptions.rotateSecret.bind(subscriptions)),
      getMasterKeyUsage: promised(subscriptions.getMasterKeyUsage.bind(subscriptions)),
      rewrapSecrets: promised(subscriptions.rewrapSecrets.bind(subscriptions)),
      createAccessToken: promised(accessTokens.createAccessToken.bind(accessTokens)),
      listAccessTokens: promised(accessTokens.listAccessTokens.bind(accessTokens)),
      revokeAccessToken: promised(accessTokens.revokeAccessToken.bind(accessTokens)),
      publish: promised(ingest.publish.bind(ingest), address),
      getEvent: promised(ledger.getEvent.bind(ledger), ledgerAddress),
      listEvents: promised(ledger.listEvents.bind(ledger), ledgerAddress),
      getDelivery: promised(ledger.getDelivery.bind(ledger), ledgerAddress),
      listDeliveries: promised(ledger.listDeliveries.bind(ledger), ledgerAddress),
    });
  } finally {
    for (const client of [accessTokens, eventTypes, subscriptions, ingest, ledger]) client.close();
  }
}
