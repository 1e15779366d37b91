import type { KafkaRecord } from "@postrider/kit-kafka";
import type { EgressResult } from "@postrider/kit-egress";
import type { Machine } from "../time/machine.ts";
import type { Sent } from "../network/simulated-network.ts";
import type { Plan, Span } from "./plan.ts";

/** A promise that was broken. */
export interface Problem {
  /** Which one. */
  readonly check: string;
  readonly words: string;
  readonly eventId?: string;
  readonly subscriptionId?: string;
}

/** An event whose publisher was told that it is durable. */
export interface Accepted {
  readonly eventId: string;
  readonly tenantId: string;
  readonly type: string;
  /** When its publisher began, and when it was told; the world's time. */
  readonly publishedAtMs: number;
  readonly acceptedAtMs: number;
}

/** A request, and what its sender got to know. */
export interface SentFact extends Sent {
  /** The sender's wall clock against the world's time; milliseconds. */
  readonly aheadMs: number;
  /** Undefined if its machine died before. */
  result: EgressResult | undefined;
}

/** Key of a delivery in maps. */
export function deliveryKey(eventId: string, subscriptionId: string): string {
  return `${eventId}/${subscriptionId}`;
}

/** All that an onlooker saw of a run. */
export interface Facts {
  readonly plan: Plan;
  readonly accepted: ReadonlyMap<string, Accepted>;
  /** By delivery. */
  readonly sent: ReadonlyMap<string, readonly SentFact[]>;
  /** Deliveries that a receiver answered with a 2xx. */
  readonly acknowledged: ReadonlySet<string>;
  /** How often a delivery (or, by the event alone, each of its deliveries) may have been taken up once more than needed. */
  readonly findCredits: (eventId: string, subscriptionId: string) => number;
  /** The earliest time for which an attempt of that number stood in a tier; milliseconds since the epoch. */
  readonly findFirstDueMs: (eventId: string, subscriptionId: string, attempt: number) => number | undefined;
  /** While something was wrong that explains any delay, and for a while after. */
  readonly disturbed: readonly Span[];
  /** While the subscription service could not be asked or watched. */
  readonly unwatched: readonly Span[];
  /** When a subscription was disabled, until it was resumed; in order. */
  readonly findDisabled: (subscriptionId: string) => readonly Span[];
  /** By how much any two clocks differed at most over the whole run, milliseconds. */
  readonly clockRangeMs: number;
  /** By machine, when its wall clock went back, and by how much. */
  readonly findStepsBack: (machine: Machine) => readonly { readonly atMs: number; readonly byMs: number }[];
  readonly log: LogFacts;
}

/** What stands in the log at the end. */
interface LogFacts {
  readonly attempts: readonly KafkaRecord[];
  readonly deadLetters: readonly KafkaRecord[];
  /** Events whose offsets are not finished by what is committed. */
  readonly unfinishedEvents: readonly KafkaRecord[];
  /** The same of deferred deliveries. */
  readonly unfinishedTasks: readonly KafkaRecord[];
}
