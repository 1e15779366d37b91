import type { EgressResult } from "@postrider/kit-egress";
import type { KafkaRecord, TopicPartition } from "@postrider/kit-kafka";
import { TOPICS } from "@postrider/records";
import type { Appended, ClusterObserver, Loss } from "../log/cluster-state.ts";
import type { NetworkObserver, Sent } from "../network/simulated-network.ts";
import type { Machine } from "../time/machine.ts";
import type { VirtualTime } from "../time/virtual-time.ts";
import { Credits } from "./credits.ts";
import { type Accepted, deliveryKey, type Problem, type SentFact } from "./facts.ts";
import { LimitWatch } from "./limit-watch.ts";
import type { Plan, Span } from "./plan.ts";
import { Spans } from "./spans.ts";
import { dueAtMsOf, topicOf } from "./record-topic.ts";
import type { Trace } from "./trace.ts";

/** A report is told by its sender's clock, which may be off by this, and takes a moment. */
const CLOCKS_MS = 130_000;
/** Of each kind: one is enough to fail, and thousands tell no more. */
const MAX_PROBLEMS = 20;

export interface OnlookerDeps {
  readonly time: VirtualTime;
  readonly plan: Plan;
  readonly trace: Trace;
  readonly tierTopics: ReadonlySet<string>;
  readonly read: (place: TopicPartition, fromOffset: number) => readonly KafkaRecord[];
}

/** Sees all that happens in the world, and keeps what the checks need of it. */
export class Onlooker implements ClusterObserver, NetworkObserver {
  readonly accepted = new Map<string, Accepted>();
  readonly sends = new Map<string, SentFact[]>();
  readonly acknowledgedKeys = new Set<string>();
  readonly disturbed: Span[] = [];
  readonly unwatched: Span[] = [];
  /** By delivery and attempt: the earliest time for which it stood in a tier. */
  readonly firstDues = new Map<string, number>();
  readonly problems: Problem[] = [];
  readonly credits: Credits;
  readonly limits: LimitWatch;
  readonly #deps: OnlookerDeps;
  readonly #stepsBack = new Map<Machine, { readonly atMs: number; readonly byMs: number }[]>();
  readonly #acknowledgedAtMs = new Map<string, number[]>();
  readonly #disabled = new Map<string, readonly Span[]>();
  readonly #names = new WeakMap<Machine, string>();
  #lowestAheadMs = 0;
  #highestAheadMs = 0;

  constructor(deps: OnlookerDeps) {
    this.#deps = deps;
    this.credits = new Credits(deps.read);
    this.limits = new LimitWatch(deps.plan.subscriptions);
  }

  get clockRangeMs(): number {
    return this.#highestAheadMs - this.#lowestAheadMs;
  }

  findStepsBack(machine: Machine): readonly { readonly atMs: number; readonly byMs: number }[] {
    return this.#stepsBack.get(machine) ?? [];
  }

  /** What happens to all, for the trace. */
  tell(text: string): void {
    this.#deps.trace.add(this.#deps.time.nowMs, text);
  }

  /** What a tenant does with its subscription, for the trace. */
  tellOf(subscriptionId: string, text: string): void {
    this.#deps.trace.add(this.#deps.time.nowMs, text, { eventId: "", subscriptionId });
  }

  /** From now on, and for so long, something is wrong that explains a delay. */
  disturb(forMs: number): void {
    const { nowMs } = this.#deps.time;
    this.disturbed.push({ fromMs: nowMs, toMs: nowMs + forMs });
  }

  /** From now on, and for so long, changes of subscriptions may not be known. */
  unwatch(forMs: number): void {
    const { nowMs } = this.#deps.time;
    this.unwatched.push({ fromMs: nowMs, toMs: nowMs + forMs });
  }

  findDisabled(subscriptionId: string): readonly Span[] {
    return this.#disabled.get(subscriptionId) ?? [];
  }

  noteDisabled(subscriptionId: string): void {
    this.tellOf(subscriptionId, "disabled");
    const span = { fromMs: this.#deps.time.nowMs, toMs: Infinity };
    this.#disabled.set(subscriptionId, [...this.findDisabled(subscriptionId), span]);
  }

  noteResumed(subscriptionId: string): void {
    this.tellOf(subscriptionId, "resumed");
    const spans = this.findDisabled(subscriptionId);
    const toMs = this.#deps.time.nowMs;
    this.#disabled.set(
      subscriptionId,
      spans.map((span) => (span.toMs === Infinity ? { ...span, toMs } : span)),
    );
  }

  name(machine: Machine, name: string): void {
    this.#names.set(machine, name);
    this.noteClock(machine.aheadMs);
  }

  /** A clock of the world is ahead by so much. */
  noteClock(aheadMs: number): void {
    this.#lowestAheadMs = Math.min(this.#lowestAheadMs, aheadMs);
    this.#highestAheadMs = Math.max(this.#highestAheadMs, aheadMs);
  }

  noteClockStep(machine: Machine, byMs: number): void {
    this.noteClock(machine.aheadMs);
    this.limits.noteClockStep(machine);
    if (byMs >= 0) return;
    const steps = this.#stepsBack.get(machine) ?? [];
    steps.push({ atMs: this.#deps.time.nowMs, byMs: -byMs });
    this.#stepsBack.set(machine, steps);
  }

  noteProblem(problem: Problem): void {
    const ofKind = this.problems.filter(({ check }) => check === problem.check).length;
    if (ofKind < MAX_PROBLEMS) this.problems.push(problem);
  }

  readonly sent = (sent: Sent): void => {
    const { machine, eventId, subscriptionId } = sent;
    const key = deliveryKey(eventId, subscriptionId);
    const ofDelivery = this.sends.get(key) ?? [];
    ofDelivery.push({ ...sent, aheadMs: machine.aheadMs, result: undefined });
    this.sends.set(key, ofDelivery);
    this.credits.noteTouched(machine, eventId, subscriptionId);
    this.#trace(`sent by ${this.#nameOf(machine)}`, sent);
    const words = this.limits.start(sent);
    if (words !== undefined) this.noteProblem({ check: "limits", words, eventId, subscriptionId });
  };

  readonly ended = (sent: Sent, result: EgressResult): void => {
    this.limits.end(sent);
    const fact = this.sends
      .get(deliveryKey(sent.eventId, sent.subscriptionId))
      ?.find(({ machine, atMs }) => machine === sent.machine && atMs === sent.atMs);
    if (fact) fact.result = result;
    this.#trace(result.kind === "responded" ? `answered ${result.status}` : `${result.kind}: ${result.reason}`, sent);
  };

  /** A tenant is told that nothing went well since then: from the first report on, each success has to be told. */
  readonly warned = (subscriptionId: string, sinceMs: number): void => {
    this.tellOf(subscriptionId, `said to fail since ${sinceMs.toFixed(0)}`);
    const excused = new Spans([...this.disturbed, ...this.unwatched]);
    const { nowMs } = this.#deps.time;
    const overlooked = this.#acknowledgedAtMs.get(subscriptionId)?.find((atMs) => {
      const isWithin = atMs > sinceMs + CLOCKS_MS && atMs < nowMs - CLOCKS_MS;
      return isWithin && excused.overlapMs({ fromMs: atMs - CLOCKS_MS, toMs: atMs + CLOCKS_MS }) === 0;
    });
    if (overlooked === undefined) return;
    const words = `said to do nothing but fail, though it answered well at ${overlooked.toFixed(0)}`;
    this.noteProblem({ check: "health", words, subscriptionId });
  };

  readonly acknowledged = ({ eventId, subscriptionId, atMs }: Sent): void => {
    this.acknowledgedKeys.add(deliveryKey(eventId, subscriptionId));
    const times = this.#acknowledgedAtMs.get(subscriptionId) ?? [];
    times.push(atMs);
    this.#acknowledgedAtMs.set(subscriptionId, times);
  };

  readonly appended = ({ topic, record, isAcknowledged, by }: Appended): void => {
    const where = `${topic}:${record.partition}@${record.offset}`;
    const fate = isAcknowledged ? "" : ", and nobody was told";
    const text = `${this.#nameOf(by)} appended ${where}${fate}`;
    const isTask = this.#deps.tierTopics.has(topic);
    if (topic !== TOPICS.events && !isTask) {
      this.#trace(text);
      return;
    }
    const about = topicOf(record);
    this.#trace(isTask ? `${text}, attempt ${about.nextAttempt}, due ${record.headers["due-ms"] ?? ""}` : text, about);
    if (!isTask) {
      this.credits.notePublished(about.eventId, record.partition, this.#deps.time.nowMs);
      return;
    }
    const name = `${deliveryKey(about.eventId, about.subscriptionId)} ${about.nextAttempt}`;
    this.firstDues.set(name, Math.min(this.firstDues.get(name) ?? Infinity, dueAtMsOf(record)));
    this.credits.noteTouched(by, about.eventId, about.subscriptionId);
    if (!isAcknowledged) this.credits.noteUnacknowledged(record);
  };

  readonly moved = (loss: Loss): void => {
    const { topic, partition, offset } = loss.committed;
    this.#trace(`${this.#nameOf(loss.machine)} lost ${topic}:${partition} at ${offset}, taken to ${loss.takenTo}`);
    this.credits.noteLoss(loss);
  };

  readonly readBackFailed = ({ partition }: TopicPartition): void => {
    this.credits.noteAmnesia(partition, this.#deps.time.nowMs);
  };

  #trace(text: string, about?: { readonly eventId: string; readonly subscriptionId: string }): void {
    this.#deps.trace.add(this.#deps.time.nowMs, text, about);
  }

  #nameOf(machine: Machine): string {
    return this.#names.get(machine) ?? "nobody";
  }
}
