import type { Clock, Random } from "@postrider/kit-lifecycle";
import type { Logger } from "@postrider/kit-telemetry";
import {
  createWatchedCache,
  describeNotices,
  type WatchedCacheState,
  type WatchedChange,
} from "@postrider/kit-watched-cache";
import { decodeEndpoint } from "./decode-endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** Tenants, and endpoints by tenant and type, that are kept: some 200 MiB when it is full. */
const MAX_ENTRIES = 200_000;
/** How long a lookup is tried while events wait for it in memory; then they are deferred durably. */
const PATIENCE_MS = 10_000;

type Lookup = readonly Endpoint[];

/**
 * Who wants which event: a cache over the subscription service's lookups, kept true by its stream of changes. While the
 * service is away, what is known is served as it was, and what is not known waits.
 */
export interface Directory {
  /**
   * The endpoints that want events of this tenant and type; at once when known.
   * @throws (by the promise) {@link LookupUnavailable} when the service could not tell for 10 s; the signal's reason
   */
  readonly find: (tenantId: string, eventType: string, signal: AbortSignal) => Lookup | Promise<Lookup>;
  /** Watches for changes until the signal aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/** Nobody can tell now who wants an event. It must be looked up again later, and never be dropped for it. */
export class LookupUnavailable extends Error {
  override readonly name = "LookupUnavailable";
}

export interface DirectoryDeps {
  readonly subscriptions: Pick<Subscriptions, "resolve" | "watch">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Spreads the tries to watch of many dispatchers. */
  readonly random?: Random;
}

export function createDirectory({
  subscriptions,
  clock,
  logger,
  random,
}: DirectoryDeps): Directory & { readonly state: () => WatchedCacheState } {
  return createWatchedCache<Lookup>({
    load: async (tenantId, eventType) => lookUp(subscriptions, tenantId, eventType),
    watch: (afterRevision, signal) => watchTenants(subscriptions, afterRevision, signal),
    maxEntries: MAX_ENTRIES,
    weigh: (endpoints) => Math.max(1, endpoints.length),
    patienceMs: PATIENCE_MS,
    clock,
    ...(random && { random }),
    onNotice: describeNotices({ what: "subscriptions", clock, logger }),
  });
}

async function lookUp(
  subscriptions: Pick<Subscriptions, "resolve">,
  tenantId: string,
  eventType: string,
): Promise<Lookup> {
  try {
    const response = await subscriptions.resolve({ tenantId, eventType });
    return response.subscriptions.map((found) => decodeEndpoint(found, response.signingKeys[found.id]));
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new LookupUnavailable(`who wants ${eventType} of ${tenantId} can't be told now: ${words}`, { cause: error });
  }
}

async function* watchTenants(
  subscriptions: Pick<Subscriptions, "watch">,
  afterRevision: bigint,
  signal: AbortSignal,
): AsyncGenerator<WatchedChange> {
  for await (const { revision, tenantId } of subscriptions.watch({ afterRevision }, signal)) {
    yield { revision, scope: tenantId };
  }
}
