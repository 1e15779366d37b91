import {
  decide,
  describeReserved,
  type EventTypeCommand,
  type EventTypeContent,
  type EventTypeEvent,
  type ListedEventType,
} from "@postrider/domain-catalog";
import { isOperationalType } from "@postrider/domain-event";
import { RpcError } from "@postrider/kit-rpc";
import { type Decision, decideOnStream } from "../store/decide-on-stream.ts";
import { eventTypeAggregate, eventTypeStream } from "../store/event-type-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import { checkSchema } from "./check-schema.ts";

type Deps = Pick<SubscriptionDeps, "store" | "database" | "clock">;

export interface NewEventType {
  readonly name: string;
  readonly content: EventTypeContent;
}

/** Puts it into the catalog. @throws {RpcError} naming each field that is wrong; `already_exists` */
export async function createEventType(deps: Deps, { name, content }: NewEventType): Promise<ListedEventType> {
  return await change(deps, name, { kind: "create", name, content, atMs: deps.clock.nowMs() });
}

export interface EventTypeUpdate {
  readonly name: string;
  readonly changes: Partial<EventTypeContent>;
}

/** Makes a new version of it, if anything changes. @throws {RpcError} naming each field that is wrong; `not_found` */
export async function updateEventType(deps: Deps, { name, changes }: EventTypeUpdate): Promise<ListedEventType> {
  assertChangeable("event_type.name", name);
  return await change(deps, name, { kind: "update", changes, atMs: deps.clock.nowMs() });
}

/** Marks it. @throws {RpcError} `not_found` */
export async function deprecateEventType(deps: Deps, name: string): Promise<ListedEventType> {
  assertChangeable("name", name);
  return await change(deps, name, { kind: "deprecate", atMs: deps.clock.nowMs() });
}

function assertChangeable(field: string, name: string): void {
  if (isOperationalType(name)) throw RpcError.invalid([{ field, description: describeReserved(name) }]);
}

async function change(deps: Deps, name: string, command: EventTypeCommand): Promise<ListedEventType> {
  const state = await decideOnStream(deps, eventTypeAggregate, {
    stream: eventTypeStream(name),
    decide: (before) => refuseMisfits(decide(command, before)),
  });
  if (state.kind === "absent") throw new Error(`event type ${name} is absent after a command that keeps it`);
  return state;
}

/** Content that keeps its bounds must also have a schema that is one, and examples that fit it. */
function refuseMisfits(decision: Decision<EventTypeEvent>): Decision<EventTypeEvent> {
  if (decision.kind === "rejected") return decision;
  const violations = decision.events.flatMap((event) => ("content" in event ? checkSchema(event.content) : []));
  if (violations.length === 0) return decision;
  return { kind: "rejected", code: "invalid", message: "schema and examples do not fit", violations };
}
