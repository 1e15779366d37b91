import type { TopicPlan } from "@postrider/kit-kafka";

/** A topic whose records all wait equally long. */
export interface Tier {
  readonly topic: string;
  /** From a record's append until it is looked at again. */
  readonly delayMs: number;
}

/** By delay, the shortest first; the first one's is 0. */
export type Tiers = readonly [Tier, ...Tier[]];

/** Before the tier's name in a topic, and the group that reads them, if nothing else is said. */
export const defaultTopicPrefix = "postrider.due";

/**
 * Up to a quarter of an hour, twice the one before: a task of any due time is copied once per tier at most, and one that is
 * put off for as long as it has waited already, again and again from a minute on, mostly once each time. Seldom is much
 * put off for longer, so there steps may be wide. Names stand in topics and can't change.
 */
const delays = [
  ["0s", 0],
  ["5s", 5_000],
  ["15s", 15_000],
  ["30s", 30_000],
  ["1m", 60_000],
  ["2m", 120_000],
  ["4m", 240_000],
  ["8m", 480_000],
  ["16m", 960_000],
  ["1h", 3_600_000],
  ["6h", 21_600_000],
] as const;

/** Twice a broker's default: a task often wraps a record of another topic, and must fit when that did. */
const maxMessageBytes = 2 * 1_048_588;

export function createTiers(topicPrefix: string): Tiers {
  const [first, ...rest] = delays.map(([name, delayMs]) => ({ topic: `${topicPrefix}.${name}`, delayMs }));
  if (first === undefined) throw new RangeError("no tiers");
  return [first, ...rest];
}

/** Where to wait for something that is due in `remainingMs`: the longest delay that does not make it late. */
export function chooseTier(tiers: Tiers, remainingMs: number): Tier {
  return tiers.findLast(({ delayMs }) => delayMs <= remainingMs) ?? tiers[0];
}

/**
 * The topics of the tiers, to be made before anything is deferred.
 * @param retentionMs for how long at least a task outlives the time at which it was to be looked at: longer than the
 * longest time for which nobody may run, since what nobody took by then is gone. -1: for ever
 */
export function deferredTopics(retentionMs: number, topicPrefix: string = defaultTopicPrefix): readonly TopicPlan[] {
  return createTiers(topicPrefix).map(({ topic, delayMs }) => ({
    name: topic,
    retentionMs: retentionMs < 0 ? -1 : retentionMs + delayMs,
    maxMessageBytes,
  }));
}
