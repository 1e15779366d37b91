import type {
  DisableSubscriptionRequest,
  ReportEndpointHealthRequest,
  ReportEndpointHealthResponse,
  ResolveRequest,
  ResolveResponse,
  SubscriptionChange,
  WatchRequest,
} from "@postrider/contracts/postrider/v1/subscription";

/** What the dispatcher needs of the subscription service, in process or by gRPC. */
export interface Subscriptions {
  /** Who wants events of this tenant and type. Rejects when it can't be told now. */
  readonly resolve: (request: ResolveRequest) => Promise<ResolveResponse>;
  /** Changes after a revision; the first message tells the current revision. Ends or fails when the connection does. */
  readonly watch: (request: WatchRequest, signal: AbortSignal) => AsyncIterable<SubscriptionChange>;
  /** Ends a subscription's deliveries. Rejects when it can't be done now, or there is none of that id. */
  readonly disable: (request: DisableSubscriptionRequest) => Promise<unknown>;
  /** What attempts said of an endpoint over time. Rejects when it can't be told now. */
  readonly reportHealth: (request: ReportEndpointHealthRequest) => Promise<ReportEndpointHealthResponse>;
}
