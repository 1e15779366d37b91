import type { SimulatedCluster } from "../log/simulated-cluster.ts";
import type { SimulatedSubscriptions } from "../service/simulated-subscriptions.ts";
import type { RandomSource } from "../time/random-source.ts";
import type { VirtualTime } from "../time/virtual-time.ts";
import type { DispatcherProcess } from "./dispatcher-process.ts";
import { type Fleet, SETTLING_MS } from "./fleet.ts";
import type { Onlooker } from "./onlooker.ts";
import type { Plan } from "./plan.ts";

export interface FaultsDeps {
  readonly time: VirtualTime;
  readonly random: RandomSource;
  readonly plan: Plan;
  readonly cluster: SimulatedCluster;
  readonly service: SimulatedSubscriptions;
  readonly fleet: Fleet;
  readonly onlooker: Onlooker;
  /** Gives the dispatchers something to do. */
  readonly stir: () => void;
}

/** A process is killed at once so often; else at one of its next steps, whatever that is. */
const KILLED_AT_ONCE = 0.3;
const MAX_KILL_POINTS = 400;
/** After the log or its brokers were in trouble. */
const LOG_SETTLING_MS = 30_000;
/** What could not be looked up is looked up again after half the time that it waited, but 30 s at least. */
const LOOKUP_SETTLING_MS = 60_000;
/**
 * A wall clock steps up to this much ahead, or back. Ahead of the brokers by as much as a tier's delay (5 s) deferred
 * deliveries are moved on and on, as open-kafka-deferred.ts says: that is known, and only makes a run slow.
 */
const STEP_MS = { ahead: 4_000, back: 120_000 };
const STEPPED_FOR_MS = { least: 1_000, most: 60_000 };
const BROKER_SKEW_MS = 500;

/** A fault comes while the dispatchers are busy with what was published just before. */
const STIRRING_MS = 5_000;
/** So often another one comes within so long. */
const COMPANY = 0.4;
const COMPANY_MS = 30_000;

type Fault = (faults: FaultsDeps) => void;

/** What goes wrong. What stands here several times happens as much more often. */
const FAULTS: readonly [Fault, ...Fault[]] = [
  killOne,
  killOne,
  killOne,
  killOne,
  killOne,
  stopOne,
  rebalance,
  expelOne,
  takeLogAway,
  slowLogDown,
  loseAnswers,
  takeServiceAway,
  breakWatches,
  stepClock,
  skewBrokers,
];

/** Makes things go wrong, one after another and at the same time, until it gets calm. */
export function startFaults(deps: FaultsDeps): void {
  const { time, random, plan } = deps;
  time.after(random.exponential(plan.faultEveryMs), () => {
    if (time.nowMs >= plan.calmFromMs - COMPANY_MS) return;
    deps.stir();
    time.after(random.between(0, STIRRING_MS), () => {
      random.pick(FAULTS)(deps);
    });
    if (random.chance(COMPANY))
      time.after(random.between(0, COMPANY_MS), () => {
        random.pick(FAULTS)(deps);
      });
    startFaults(deps);
  });
}

/** Whatever is wrong now is mended. */
export function endFaults({ cluster, service, fleet, onlooker }: FaultsDeps): void {
  onlooker.tell("calm");
  Object.assign(cluster.faults, { isAway: false, slowMs: 0, lostAnswers: 0 });
  cluster.tellReadable();
  service.faults.isAway = false;
  fleet.spare();
}

function pickOne({ fleet, random }: FaultsDeps): DispatcherProcess | undefined {
  return fleet.running[random.whole(0, Math.max(0, fleet.running.length - 1))];
}

function killOne(deps: FaultsDeps): void {
  const { fleet, random } = deps;
  const victim = pickOne(deps);
  if (victim) fleet.kill(victim, random.chance(KILLED_AT_ONCE) ? 0 : Math.ceil(random.magnitude(1, MAX_KILL_POINTS)));
}

function stopOne(deps: FaultsDeps): void {
  const victim = pickOne(deps);
  // From the signal on it takes nothing new, and others have its partitions only when it has gone.
  if (victim) deps.onlooker.disturb(SETTLING_MS);
  victim?.stop();
}

function rebalance({ cluster, random, onlooker }: FaultsDeps): void {
  onlooker.tell("rebalance");
  onlooker.disturb(SETTLING_MS);
  for (const group of cluster.groups) if (random.chance(0.7)) group.rebalance();
}

function expelOne(deps: FaultsDeps): void {
  const { random, onlooker } = deps;
  onlooker.tell("expel");
  onlooker.disturb(SETTLING_MS);
  pickOne(deps)?.kafka.expel(random.between(200, 4_000));
}

function takeLogAway({ cluster, random, ...deps }: FaultsDeps): void {
  const forMs = random.magnitude(300, 120_000);
  cluster.faults.isAway = true;
  during(deps, { words: "log away", forMs, settlingMs: LOG_SETTLING_MS }, () => {
    cluster.faults.isAway = false;
    cluster.tellReadable();
  });
}

function slowLogDown({ cluster, random, ...deps }: FaultsDeps): void {
  cluster.faults.slowMs = random.magnitude(20, 5_000);
  during(deps, { words: "log slow", forMs: random.magnitude(2_000, 180_000), settlingMs: LOG_SETTLING_MS }, () => {
    cluster.faults.slowMs = 0;
  });
}

function loseAnswers({ cluster, random, ...deps }: FaultsDeps): void {
  cluster.faults.lostAnswers = random.between(0.1, 0.5);
  during(deps, { words: "answers lost", forMs: random.magnitude(2_000, 60_000), settlingMs: LOG_SETTLING_MS }, () => {
    cluster.faults.lostAnswers = 0;
  });
}

function takeServiceAway({ service, random, ...deps }: FaultsDeps): void {
  const forMs = random.magnitude(500, 1_200_000);
  service.faults.isAway = true;
  service.faults.hangs = random.chance(0.5);
  service.breakWatches();
  const settlingMs = LOOKUP_SETTLING_MS + Math.min(forMs / 2, 300_000);
  deps.onlooker.unwatch(forMs + settlingMs);
  during(deps, { words: "subscription service away", forMs, settlingMs }, () => {
    service.faults.isAway = false;
  });
}

function breakWatches({ service, onlooker }: FaultsDeps): void {
  onlooker.tell("watches break");
  onlooker.unwatch(LOG_SETTLING_MS);
  service.breakWatches();
}

function stepClock(deps: FaultsDeps): void {
  const { random, time, onlooker } = deps;
  const machine = pickOne(deps)?.machine;
  if (machine === undefined) return;
  const before = machine.aheadMs;
  const byMs = random.chance(0.5) ? random.magnitude(1, STEP_MS.ahead) : -random.magnitude(1, STEP_MS.back);
  const step = (aheadMs: number): void => {
    const from = machine.aheadMs;
    machine.setClockAhead(aheadMs);
    onlooker.tell(`a clock steps by ${(aheadMs - from).toFixed(0)} ms`);
    onlooker.noteClockStep(machine, aheadMs - from);
  };
  step(before + byMs);
  time.after(random.magnitude(STEPPED_FOR_MS.least, STEPPED_FOR_MS.most), () => {
    step(before);
  });
}

function skewBrokers({ cluster, random, onlooker }: FaultsDeps): void {
  cluster.faults.aheadMs = random.between(-BROKER_SKEW_MS, BROKER_SKEW_MS);
  onlooker.noteClock(cluster.faults.aheadMs);
}

interface Episode {
  readonly words: string;
  readonly forMs: number;
  /** For how long after it things may still be late. */
  readonly settlingMs: number;
}

/** Several of a kind may overlap: the first that ends ends it. */
function during(
  { time, onlooker }: Pick<FaultsDeps, "time" | "onlooker">,
  { words, forMs, settlingMs }: Episode,
  end: () => void,
): void {
  onlooker.tell(`${words} for ${forMs.toFixed(0)} ms`);
  onlooker.disturb(forMs + settlingMs);
  time.after(forMs, () => {
    onlooker.tell(`${words}: over`);
    end();
  });
}
