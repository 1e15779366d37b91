import type { EventType } from "@postrider/contracts/postrider/v1/event_type";
import type {
  ResolveRequest,
  ResolveResponse,
  SigningKeys,
  Subscription,
  SubscriptionChange,
  WatchRequest,
} from "@postrider/contracts/postrider/v1/subscription";
import { quote } from "@postrider/domain-event";
import { RpcError } from "@postrider/kit-rpc";
import { findEventType } from "./event-types/find-event-type.ts";
import { listenForEventTypes } from "./event-types/listen-for-event-types.ts";
import { encodeChange, encodeSigningKeys, encodeSubscription } from "./grpc/encode-subscription.ts";
import { encodeEventType } from "./grpc/event-type-codec.ts";
import { requireField } from "./grpc/require-field.ts";
import type { SubscriptionDeps } from "./subscription-deps.ts";
import { findSubscription } from "./subscriptions/find-subscription.ts";
import { resolveSubscriptions } from "./subscriptions/resolve-subscriptions.ts";
import { watchSubscriptions } from "./subscriptions/watch-subscriptions.ts";

/** A subscription with what signs its deliveries. */
export interface SubscriptionWithKeys {
  readonly subscription: Subscription;
  readonly signingKeys: SigningKeys;
}

/** What dispatcher and ingest ask for, for those in the same process: the same words as over gRPC. */
export interface SubscriptionLookups {
  /** Who of the tenant wants the type: active and paused ones. @throws {RpcError} for a request that is incomplete */
  readonly resolve: (request: ResolveRequest) => Promise<ResolveResponse>;
  /** Changes after a revision, then live, until the signal aborts; the first message comes at once. */
  readonly watch: (request: WatchRequest, signal: AbortSignal) => AsyncIterable<SubscriptionChange>;
  /** In whatever state; undefined when there is none, or no more. */
  readonly getSubscription: (id: string) => Promise<SubscriptionWithKeys | undefined>;
  /** Undefined when the catalog has none of that name. */
  readonly getEventType: (name: string) => Promise<EventType | undefined>;
  /** Calls back with the name of each event type that is made or changed; returns the function that ends it. */
  readonly onEventTypeChanged: (listener: (name: string) => void) => () => void;
}

export function createLookups(deps: Pick<SubscriptionDeps, "store" | "database" | "clock">): SubscriptionLookups {
  async function* watch(
    { afterRevision }: WatchRequest,
    signal: AbortSignal,
  ): AsyncGenerator<SubscriptionChange, void, undefined> {
    if (afterRevision < 0n) {
      throw RpcError.invalid([{ field: "after_revision", description: `${quote(String(afterRevision))} is below 0` }]);
    }
    for await (const change of watchSubscriptions(deps, Number(afterRevision), signal)) yield encodeChange(change);
  }

  return {
    resolve: async (request) => {
      const tenantId = requireField("tenant_id", request.tenantId);
      const eventType = requireField("event_type", request.eventType);
      const { subscriptions, revision } = await resolveSubscriptions(deps, { tenantId, eventType });
      const nowMs = deps.clock.nowMs();
      return {
        subscriptions: subscriptions.map(encodeSubscription),
        revision: BigInt(revision),
        signingKeys: Object.fromEntries(subscriptions.map((each) => [each.id, encodeSigningKeys(each, nowMs)])),
      };
    },
    watch,
    getSubscription: async (id) => {
      const found = await findSubscription(deps, id);
      return (
        found && {
          subscription: encodeSubscription(found),
          signingKeys: encodeSigningKeys(found, deps.clock.nowMs()),
        }
      );
    },
    getEventType: async (name) => {
      const found = await findEventType(deps, name);
      return found && encodeEventType(found);
    },
    onEventTypeChanged: (listener) => listenForEventTypes(deps, listener),
  };
}
