import type { Facts, Problem } from "../world/facts.ts";
import type { History } from "./history.ts";

/**
 * Duplicates stay within what was in flight or unrecorded when an owner was lost: an attempt of one number is made once,
 * and once more for each time that this is explained.
 */
export function findRepeated(facts: Facts, histories: ReadonlyMap<string, History>): readonly Problem[] {
  return [...histories.values()].flatMap((history) => {
    const { eventId, subscriptionId } = history;
    const words = describeExcess(history, facts.findCredits(eventId, subscriptionId));
    return words === undefined ? [] : [{ check: "duplicates", words, eventId, subscriptionId }];
  });
}

function describeExcess({ sent, attempted }: History, credits: number): string | undefined {
  const byNumber = Map.groupBy(attempted, ({ attempt }) => attempt.number);
  for (const [number, same] of byNumber) {
    if (same.length > 1 + credits)
      return `attempt ${number} was made ${same.length} times; ${1 + credits} are explained`;
  }
  const unrecorded = sent.length - attempted.length;
  return unrecorded > credits ? `${unrecorded} requests were never recorded; ${credits} are explained` : undefined;
}
