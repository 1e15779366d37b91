import type { EventType, EventTypeChange, WatchEventTypesRequest } from "@postrider/contracts/postrider/v1/event_type";
import type {
  ResolveRequest,
  ResolveResponse,
  SubscriptionChange,
  WatchRequest,
} from "@postrider/contracts/postrider/v1/subscription";
import { rememberOpened } from "@postrider/kit-secrets";
import { findEventType } from "./event-types/find-event-type.ts";
import { watchEventTypes } from "./event-types/watch-event-types.ts";
import { encodeChange, encodeForDelivery, encodeSigningKeys } from "./grpc/encode-subscription.ts";
import { encodeEventType, encodeEventTypeChange } from "./grpc/event-type-codec.ts";
import { requireField } from "./grpc/require-field.ts";
import type { SubscriptionDeps } from "./subscription-deps.ts";
import { resolveSubscriptions } from "./subscriptions/resolve-subscriptions.ts";
import { watchSubscriptions } from "./subscriptions/watch-subscriptions.ts";

/** What dispatcher and ingest ask for, for those in the same process: the same words as over gRPC. */
export interface SubscriptionLookups {
  /** Who of the tenant wants the type: active and paused ones. @throws {RpcError} for a request that is incomplete */
  readonly resolve: (request: ResolveRequest) => Promise<ResolveResponse>;
  /** Changes after a revision, then live, until the signal aborts; the first message comes at once. */
  readonly watch: (request: WatchRequest, signal: AbortSignal) => AsyncIterable<SubscriptionChange>;
  /** Undefined when the catalog has none of that name. */
  readonly getEventType: (name: string) => Promise<EventType | undefined>;
  /** Event types made or changed after a revision, then live, until the signal aborts; the first message comes at once. */
  readonly watchEventTypes: (request: WatchEventTypesRequest, signal: AbortSignal) => AsyncIterable<EventTypeChange>;
}

/** A tenant's lookups are made again at each change of one of its subscriptions. Some 60 MB when all are there. */
const REMEMBERED_SECRETS = 100_000;

export function createLookups({
  sealer,
  ...others
}: Pick<SubscriptionDeps, "store" | "database" | "sealer" | "clock">): SubscriptionLookups {
  const deps = { ...others, sealer: rememberOpened(sealer, { maxEntries: REMEMBERED_SECRETS }) };
  return {
    resolve: async (request) => {
      const tenantId = requireField("tenant_id", request.tenantId);
      const eventType = requireField("event_type", request.eventType);
      const { subscriptions, revision } = await resolveSubscriptions(deps, { tenantId, eventType });
      const nowMs = deps.clock.nowMs();
      return {
        subscriptions: subscriptions.map(({ subscription }) => encodeForDelivery(subscription, nowMs)),
        revision: BigInt(revision),
        signingKeys: Object.fromEntries(
          subscriptions.map(({ subscription, keys }) => [subscription.id, encodeSigningKeys(keys)]),
        ),
      };
    },
    watch: async function* ({ afterRevision }, signal) {
      for await (const change of watchSubscriptions(deps, afterRevision, signal)) yield encodeChange(change);
    },
    getEventType: async (name) => {
      const found = await findEventType(deps, name);
      return found && encodeEventType(found);
    },
    watchEventTypes: async function* ({ afterRevision }, signal) {
      for await (const change of watchEventTypes(deps, afterRevision, signal)) yield encodeEventTypeChange(change);
    },
  };
}
