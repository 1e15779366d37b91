import type { ResolveRequest } from "@postrider/contracts/postrider/v1/subscription";
import { type Clock, pause } from "@postrider/kit-lifecycle";
import type { Logger } from "@postrider/kit-telemetry";
import { decodeEndpoint } from "./decode-endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** Tenants whose lookups are kept; of more, the ones asked for first are forgotten. */
const MAX_TENANTS = 50_000;
/** Between two tries to watch again, and between two tries of one lookup: growing from the first to the second. */
const RETRY_MS = { first: 100, last: 5000 };

/**
 * Who wants which event: a cache over the subscription service's lookups, kept true by its stream of changes.
 *
 * Invariants: an answer is kept only while changes are watched; a change of a tenant forgets the tenant's answers, and
 * those that are being asked for. While the service is away, what is known is served, and what is not known waits.
 */
export interface Directory {
  /** The endpoints that want events of this tenant and type; at once when known. Rejects only when the signal aborts. */
  readonly find: (tenantId: string, eventType: string, signal: AbortSignal) => Lookup | Promise<Lookup>;
  /** Watches for changes until the signal aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

type Lookup = readonly Endpoint[];

export interface DirectoryDeps {
  readonly subscriptions: Subscriptions;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createDirectory(deps: DirectoryDeps): Directory {
  const { subscriptions, clock, logger } = deps;
  /** By tenant, then by event type: an answer, or the question that is out. */
  const tenants = new Map<string, Map<string, Lookup | Promise<Lookup>>>();
  let isWatching = false;
  let revision = 0n;

  async function askOnce(tenantId: string, eventType: string, signal: AbortSignal): Promise<Lookup> {
    const types = tenants.get(tenantId) ?? addTenant(tenantId);
    const question = ask({ tenantId, eventType }, deps, signal);
    types.set(eventType, question);
    const keep = (answer: Lookup | undefined): void => {
      if (types.get(eventType) !== question) return;
      if (answer && isWatching) types.set(eventType, answer);
      else types.delete(eventType);
    };
    question.then(keep, () => {
      keep(undefined);
    });
    return question;
  }

  function addTenant(tenantId: string): Map<string, Lookup | Promise<Lookup>> {
    if (tenants.size >= MAX_TENANTS) tenants.delete(tenants.keys().next().value ?? tenantId);
    const types = new Map<string, Lookup | Promise<Lookup>>();
    tenants.set(tenantId, types);
    return types;
  }

  function forget(tenantId: string): void {
    tenants.get(tenantId)?.clear();
    tenants.delete(tenantId);
  }

  /** Watches until the stream ends; tells whether it had begun. */
  async function watchOnce(signal: AbortSignal): Promise<boolean> {
    try {
      for await (const change of subscriptions.watch({ afterRevision: revision }, signal)) {
        // What was asked before the first watch began may have changed unseen.
        if (revision === 0n) tenants.clear();
        revision = change.revision > revision ? change.revision : revision;
        isWatching = true;
        if (change.tenantId !== "") forget(change.tenantId);
      }
    } catch (error) {
      if (!signal.aborted) logger.warn({ err: error }, "watching subscriptions failed; known ones are served");
    }
    const hasWatched = isWatching;
    isWatching = false;
    return hasWatched;
  }

  return {
    find: (tenantId, eventType, signal) =>
      tenants.get(tenantId)?.get(eventType) ?? askOnce(tenantId, eventType, signal),
    run: async (signal) => {
      let delayMs = RETRY_MS.first;
      while (!signal.aborted) {
        // A server that only restarted is watched again soon, however often others failed before.
        if (await watchOnce(signal)) delayMs = RETRY_MS.first;
        await pause(clock, delayMs, signal);
        delayMs = Math.min(delayMs * 2, RETRY_MS.last);
      }
    },
  };
}

async function ask(request: ResolveRequest, deps: DirectoryDeps, signal: AbortSignal): Promise<Lookup> {
  for (let delayMs = RETRY_MS.first; ; delayMs = Math.min(delayMs * 2, RETRY_MS.last)) {
    signal.throwIfAborted();
    try {
      const response = await deps.subscriptions.resolve(request);
      return response.subscriptions.map((found) => decodeEndpoint(found, response.signingKeys[found.id]));
    } catch (error) {
      deps.logger.warn({ err: error, ...request }, "lookup failed; its events wait");
      await pause(deps.clock, delayMs, signal);
    }
  }
}
