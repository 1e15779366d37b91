import type { Facts, Problem } from "../world/facts.ts";
import { Spans } from "../world/spans.ts";
import type { History } from "./history.ts";

/** A change is in force within a second; what had entered by then still goes. */
const KNOWN_MS = 5_000;

/** No request goes out for a subscription that is paused, disabled or gone, once that can be known. */
export function findUnwanted(facts: Facts, histories: ReadonlyMap<string, History>): readonly Problem[] {
  const unwatched = new Spans(facts.unwatched);
  return [...histories.values()].flatMap(({ sent, plan, eventId, subscriptionId }) => {
    const forbidden = [
      ...plan.pauses,
      ...facts.findDisabled(subscriptionId),
      ...(plan.deletedAtMs === undefined ? [] : [{ fromMs: plan.deletedAtMs, toMs: Infinity }]),
    ];
    const wrong = sent.find(({ atMs }) =>
      forbidden.some(
        ({ fromMs, toMs }) =>
          atMs > fromMs + KNOWN_MS &&
          atMs < toMs &&
          unwatched.overlapMs({ fromMs: fromMs - KNOWN_MS, toMs: atMs }) === 0,
      ),
    );
    if (wrong === undefined) return [];
    return [
      {
        check: "wanted",
        words: "sent though the subscription was paused, disabled or deleted",
        eventId,
        subscriptionId,
      },
    ];
  });
}
