import { deferredTopics } from "@postrider/kit-deferred";
import type { KafkaRecord } from "@postrider/kit-kafka";
import { TOPICS } from "@postrider/records";
import { findProblems } from "./checks/find-problems.ts";
import { findUnfinished } from "./log/find-unfinished.ts";
import { SimulatedCluster } from "./log/simulated-cluster.ts";
import { Receiver } from "./network/receiver.ts";
import { SimulatedNetwork } from "./network/simulated-network.ts";
import { SimulatedSubscriptions } from "./service/simulated-subscriptions.ts";
import { Machine } from "./time/machine.ts";
import { RandomSource } from "./time/random-source.ts";
import { VirtualTime } from "./time/virtual-time.ts";
import type { Plant } from "./world/dispatcher-process.ts";
import { encodeSubscription } from "./world/encode-subscription.ts";
import { deliveryKey, type Facts, type Problem } from "./world/facts.ts";
import { endFaults, startFaults } from "./world/faults.ts";
import { Fleet } from "./world/fleet.ts";
import { makePlan } from "./world/make-plan.ts";
import { Onlooker } from "./world/onlooker.ts";
import type { Plan, SubscriptionPlan } from "./world/plan.ts";
import { Publisher } from "./world/publisher.ts";
import { watchMemory } from "./world/watch-memory.ts";
import { type Topic, Trace } from "./world/trace.ts";

/** For the dispatchers to end after the last signal: their grace time, and the last commits. */
const CLOSING_MS = 60_000;
/** Until somebody has mended the endpoint of a subscription that was disabled, or thinks so. */
const RESUMED_AFTER_MS = { least: 30_000, most: 6 * 3_600_000 };
const TIERS = deferredTopics(-1).map(({ name }) => name);

export interface SimulationOptions {
  readonly seed: number;
  /** Of the world's time, 1 or more. */
  readonly hours: number;
  readonly plant?: Plant | undefined;
  /** The delivery whose trace is wanted. Changes nothing else. */
  readonly traced?: Topic | undefined;
}

/** What came of a run. */
export interface Outcome {
  /** Of all that happened, in its order: equal for two runs of the same seed, hours and code. */
  readonly hash: string;
  readonly problems: readonly Problem[];
  readonly counts: Counts;
  readonly trace: readonly string[];
}

interface Counts {
  readonly events: number;
  readonly deliveries: number;
  readonly requests: number;
  readonly dead: number;
  readonly waiting: number;
  readonly kills: number;
}

/** Runs a world from a seed, and checks what it promises. A pure function of its options. */
export async function runSimulation(options: SimulationOptions): Promise<Outcome> {
  const world = createWorld(options);
  const { time, plan, fleet, onlooker, trace } = world;
  const noteRejection = (reason: unknown): void => {
    onlooker.noteProblem({ check: "processes", words: `unhandled rejection: ${String(reason)}` });
  };
  process.on("unhandledRejection", noteRejection);
  try {
    world.start();
    await time.runUntil(plan.span.toMs);
    fleet.closeAll();
    await time.runUntil(plan.span.toMs + CLOSING_MS);
  } finally {
    process.off("unhandledRejection", noteRejection);
  }
  if (fleet.running.length > 0) {
    onlooker.noteProblem({
      check: "processes",
      words: `${fleet.running.length} did not end ${CLOSING_MS} ms after the signal`,
    });
  }
  const facts = collectFacts(world);
  fleet.bury();
  const problems = [...onlooker.problems, ...findProblems(facts)];
  return { hash: trace.digest(), problems, counts: count(facts, fleet.killCount), trace: trace.lines };
}

interface World {
  readonly time: VirtualTime;
  readonly plan: Plan;
  readonly trace: Trace;
  readonly cluster: SimulatedCluster;
  readonly onlooker: Onlooker;
  readonly fleet: Fleet;
  readonly start: () => void;
}

function createWorld({ seed, hours, plant, traced }: SimulationOptions): World {
  const plan = makePlan(seed, hours);
  const time = new VirtualTime();
  const trace = new Trace(traced);
  const branch = (name: string): RandomSource => new RandomSource(seed, name);
  const onlooker: Onlooker = new Onlooker({
    ...{ time, plan, trace, tierTopics: new Set(TIERS) },
    read: (place, fromOffset) => cluster.read(place, fromOffset),
  });
  const topics = new Map([TOPICS.events, ...TIERS].map((name) => [name, plan.partitions]));
  for (const name of [TOPICS.attempts, TOPICS.deadLetters, TOPICS.quarantine]) topics.set(name, 1);
  const cluster = new SimulatedCluster({ time, random: branch("log"), topics, observer: onlooker });
  const people = branch("people");
  const service: SimulatedSubscriptions = new SimulatedSubscriptions(branch("service"), {
    nowMs: () => time.nowMs,
    disabled: (id) => {
      onlooker.noteDisabled(id);
      time.after(people.magnitude(RESUMED_AFTER_MS.least, RESUMED_AFTER_MS.most), () => {
        service.resume(id, time.nowMs);
        onlooker.noteResumed(id);
      });
    },
    warned: onlooker.warned,
  });
  const receivers = new Map(
    plan.subscriptions.map(({ id, receiver: kind }) => {
      const options = { kind, random: branch(`receiver ${id}`), calmFromMs: plan.calmFromMs };
      return [id, new Receiver(options, plan.span.fromMs)];
    }),
  );
  const network = new SimulatedNetwork({ time, receivers, observer: onlooker });
  const fleet = new Fleet({ time, random: branch("fleet"), plan, cluster, service, network, onlooker, plant });
  const publishing = new Machine({
    time,
    random: branch("publisher's machine").next,
    aheadMs: 0,
    onKilled: () => undefined,
  });
  const publisher = new Publisher({
    ...{ time, random: branch("publisher"), plan, machine: publishing, kafka: cluster.connect(publishing) },
    onAccepted: (accepted) => {
      onlooker.accepted.set(accepted.eventId, accepted);
    },
  });
  const start = (): void => {
    for (const subscription of plan.subscriptions) liveThrough(subscription, { time, service, onlooker });
    fleet.startAll();
    publisher.start();
    watchMemory({ time, plan, fleet, onlooker });
    const stir = (): void => {
      publisher.stir();
    };
    const faults = { time, random: branch("faults"), plan, cluster, service, fleet, onlooker, stir };
    startFaults(faults);
    time.after(plan.calmFromMs - plan.span.fromMs, () => {
      endFaults(faults);
    });
  };
  return { time, plan, trace, cluster, onlooker, fleet, start };
}

interface Scene {
  readonly time: VirtualTime;
  readonly service: SimulatedSubscriptions;
  readonly onlooker: Onlooker;
}

/** What the tenant does with its subscription, at its time. */
function liveThrough(plan: SubscriptionPlan, { time, service, onlooker }: Scene): void {
  const at = (atMs: number, words: string, act: () => void): void => {
    time.after(atMs - time.nowMs, () => {
      onlooker.tellOf(plan.id, words);
      act();
    });
  };
  const put = (isPaused: boolean) => (): void => {
    service.put(encodeSubscription(plan, isPaused));
  };
  at(plan.createdAtMs, "created", put(false));
  for (const { fromMs, toMs } of plan.pauses) {
    at(fromMs, "paused", put(true));
    at(toMs, "resumed", put(false));
  }
  if (plan.deletedAtMs === undefined) return;
  at(plan.deletedAtMs, "deleted", () => {
    service.remove(plan.id);
  });
}

function collectFacts({ plan, cluster, onlooker }: World): Facts {
  const unfinished = (topic: string): readonly KafkaRecord[] =>
    cluster
      .findPositions(topic)
      .flatMap((position) => findUnfinished(cluster.read(position, position.offset), position));
  return {
    plan,
    accepted: onlooker.accepted,
    sent: onlooker.sends,
    acknowledged: onlooker.acknowledgedKeys,
    findCredits: (eventId, subscriptionId) => onlooker.credits.find(eventId, subscriptionId),
    findFirstDueMs: (eventId, subscriptionId, attempt) =>
      onlooker.firstDues.get(`${deliveryKey(eventId, subscriptionId)} ${attempt}`),
    disturbed: onlooker.disturbed,
    unwatched: onlooker.unwatched,
    findDisabled: (subscriptionId) => onlooker.findDisabled(subscriptionId),
    clockRangeMs: onlooker.clockRangeMs,
    findStepsBack: (machine) => onlooker.findStepsBack(machine),
    log: {
      attempts: cluster.readAll(TOPICS.attempts),
      deadLetters: cluster.readAll(TOPICS.deadLetters),
      unfinishedEvents: unfinished(TOPICS.events),
      unfinishedTasks: TIERS.flatMap(unfinished),
    },
  };
}

function count({ accepted, sent, log }: Facts, kills: number): Counts {
  return {
    events: accepted.size,
    deliveries: sent.size,
    requests: [...sent.values()].reduce((sum, ofDelivery) => sum + ofDelivery.length, 0),
    dead: log.deadLetters.length,
    waiting: log.unfinishedTasks.length + log.unfinishedEvents.length,
    kills,
  };
}
