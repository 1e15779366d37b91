import { findOperationalType } from "@postrider/domain-catalog";
import { isEventTypeName, quote, type Violation } from "@postrider/domain-event";
import type { Decision } from "../store/decide-on-stream.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

/** What a command newly asks for; the domain judges the form of it, this module the rest. */
export interface Wanted {
  readonly callbackUrl?: string;
  readonly eventTypes?: readonly string[];
}

/**
 * What the domain can't know: whether the URL may be called from here, and whether event types that are named are in
 * the catalog and current. Patterns may match nothing yet. What is malformed is left to the domain.
 */
export async function checkSurroundings(
  { database, checkUrl }: Pick<SubscriptionDeps, "database" | "checkUrl">,
  { callbackUrl, eventTypes = [] }: Wanted,
): Promise<readonly Violation[]> {
  const refusal = callbackUrl === undefined ? undefined : checkUrl(callbackUrl);
  const unfit = await findUnfitTypes(database, eventTypes);
  return [
    ...(refusal === undefined ? [] : [{ field: "subscription.callback_url", description: refusal }]),
    ...eventTypes.flatMap((name, index) => {
      const description = unfit.get(name);
      return description === undefined ? [] : [{ field: `subscription.event_types[${index}]`, description }];
    }),
  ];
}

/**
 * The decision, with what is wrong besides, which comes before a state that stands in the way. A field that the domain found
 * wrong is not told twice.
 */
export function rejectAlso<Event>(decision: Decision<Event>, violations: readonly Violation[]): Decision<Event> {
  if (decision.kind === "rejected" && (decision.code === "not_found" || decision.code === "already_exists")) {
    return decision;
  }
  const before = decision.kind === "rejected" ? decision.violations : [];
  const told = new Set(before.map(({ field }) => field));
  const all = [...before, ...violations.filter(({ field }) => !told.has(field))];
  if (all.length === 0) return decision;
  return { kind: "rejected", code: "invalid", message: "the subscription is refused", violations: all };
}

async function findUnfitTypes(
  database: SubscriptionDeps["database"],
  eventTypes: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  // The domain's bound on their number is told by the domain; here it only keeps the query small.
  const names = eventTypes.filter((name) => isEventTypeName(name) && !findOperationalType(name)).slice(0, 100);
  if (names.length === 0) return new Map();
  const rows = await database.selectFrom("event_types").select(["name", "state"]).where("name", "in", names).execute();
  const states = new Map(rows.map(({ name, state }) => [name, state]));
  const unfit = names.map((name) => [name, describeUnfit(name, states.get(name))] as const);
  return new Map(unfit.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function describeUnfit(name: string, state: string | undefined): string | undefined {
  if (state === undefined) return `${quote(name)} is not in the catalog; EventTypeService.ListEventTypes tells what is`;
  return state === "deprecated" ? `${quote(name)} is deprecated: it takes no new subscriptions` : undefined;
}
