import type { Violation } from "@postrider/domain-event";
import { EventStoreError, type NewEvent, type StoredEvent } from "@postrider/kit-event-store";
import { RpcError, type RpcErrorCode } from "@postrider/kit-rpc";
import type { Compilable, Kysely } from "kysely";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import type { SubscriptionSchema } from "./subscription-schema.ts";

/** How a kind of state lives in the store: as a stream of events, and as a row of the projections. */
export interface Aggregate<State, Event> {
  readonly absent: State;
  readonly evolve: (state: State, event: Event) => State;
  readonly encode: (event: Event) => NewEvent;
  readonly decode: (stored: StoredEvent) => Event;
  /** The queries that bring the projection from one state to the next, and what else must follow from it. */
  readonly project: (database: Kysely<SubscriptionSchema>, before: State, next: State) => readonly Compilable[];
}

/** What the domain's decide functions answer. */
export type Decision<Event> =
  | { readonly kind: "accepted"; readonly events: readonly Event[] }
  | {
      readonly kind: "rejected";
      readonly code: keyof typeof CODES;
      readonly message: string;
      readonly violations: readonly Violation[];
    };

/** One stream, and what is to happen to it. */
export interface StreamChange<State, Event> {
  readonly stream: string;
  /** May be asked again when another writer was faster: it has no effects of its own. */
  readonly decide: (state: State) => Decision<Event> | Promise<Decision<Event>>;
  /** Queries that are run with the append of these events, or not at all. */
  readonly alongside?: (events: readonly Event[]) => readonly Compilable[];
}

const CODES = {
  not_found: "not_found",
  already_exists: "already_exists",
  invalid: "invalid_argument",
  wrong_state: "failed_precondition",
} as const satisfies Record<string, RpcErrorCode>;

/** A lost race is rare, and losing several in a row rarer: then the caller should know. */
const MAX_TRIES = 4;

/**
 * Loads the stream, decides, appends: the way of every command. Answers the state that follows, durable.
 * @throws {RpcError} for a rejection; `aborted` when other writers were faster each time
 */
export async function decideOnStream<State, Event>(
  deps: Pick<SubscriptionDeps, "store" | "database" | "clock">,
  aggregate: Aggregate<State, Event>,
  change: StreamChange<State, Event>,
): Promise<State> {
  for (let tries = 1; ; tries++) {
    try {
      return await tryOnce(deps, aggregate, change);
    } catch (error) {
      if (!isConflict(error)) throw error;
      if (tries < MAX_TRIES) continue;
      throw new RpcError("aborted", `others changed it ${MAX_TRIES} times meanwhile: try again`, { cause: error });
    }
  }
}

/** The state of a stream, from its events. */
async function loadState<State, Event>(
  { store }: Pick<SubscriptionDeps, "store">,
  { absent, evolve, decode }: Aggregate<State, Event>,
  stream: string,
): Promise<{ readonly state: State; readonly version: number }> {
  const stored = await store.load(stream);
  const state = stored.reduce((before, event) => evolve(before, decode(event)), absent);
  return { state, version: stored.at(-1)?.version ?? 0 };
}

async function tryOnce<State, Event>(
  { store, database, clock }: Pick<SubscriptionDeps, "store" | "database" | "clock">,
  aggregate: Aggregate<State, Event>,
  { stream, decide, alongside }: StreamChange<State, Event>,
): Promise<State> {
  const { state, version } = await loadState({ store }, aggregate, stream);
  const decision = await decide(state);
  if (decision.kind === "rejected") throw asRpcError(decision);
  if (decision.events.length === 0) return state;
  const next = decision.events.reduce(aggregate.evolve, state);
  await store.append({
    stream,
    expectedVersion: version,
    events: decision.events.map(aggregate.encode),
    appendedAtMs: clock.nowMs(),
    projections: [...(alongside?.(decision.events) ?? []), ...aggregate.project(database, state, next)],
  });
  return next;
}

function asRpcError({ code, message, violations }: Extract<Decision<never>, { readonly kind: "rejected" }>): RpcError {
  return violations.length > 0 ? RpcError.invalid(violations) : new RpcError(CODES[code], message);
}

function isConflict(error: unknown): boolean {
  return error instanceof EventStoreError && error.code === "conflict";
}
