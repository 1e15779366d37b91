import type { SimulatedCluster } from "../log/simulated-cluster.ts";
import type { SimulatedNetwork } from "../network/simulated-network.ts";
import type { SimulatedSubscriptions } from "../service/simulated-subscriptions.ts";
import { Machine } from "../time/machine.ts";
import { RandomSource } from "../time/random-source.ts";
import type { VirtualTime } from "../time/virtual-time.ts";
import { type DispatcherProcess, type Plant, startDispatcherProcess } from "./dispatcher-process.ts";
import type { Onlooker } from "./onlooker.ts";
import type { Plan } from "./plan.ts";

/** Until another process is started where one ended. */
const RESTART_MS = { least: 500, most: 120_000 };
/** After a start or an end: until a silent member is out, partitions are shared out, and what was held is taken up. */
export const SETTLING_MS = 45_000;
/** By how much the clocks of two machines differ when nothing is wrong. */
const USUAL_SKEW_MS = 400;

export interface FleetDeps {
  readonly time: VirtualTime;
  readonly random: RandomSource;
  readonly plan: Plan;
  readonly cluster: SimulatedCluster;
  readonly service: SimulatedSubscriptions;
  readonly network: SimulatedNetwork;
  readonly onlooker: Onlooker;
  readonly plant?: Plant | undefined;
}

/** The dispatchers: started, killed, stopped, and started again. */
export class Fleet {
  readonly #deps: FleetDeps;
  /** By place in the fleet; undefined while there is none. */
  readonly #processes: (DispatcherProcess | undefined)[];
  /** Processes that were killed. */
  readonly #dead: DispatcherProcess[] = [];
  #startCount = 0;
  #isClosing = false;

  constructor(deps: FleetDeps) {
    this.#deps = deps;
    this.#processes = Array.from({ length: deps.plan.processes }, () => undefined);
  }

  /** Those that run. */
  get running(): readonly DispatcherProcess[] {
    return this.#processes.filter((process) => process !== undefined);
  }

  get killCount(): number {
    return this.#dead.length;
  }

  startAll(): void {
    for (let place = 0; place < this.#processes.length; place++) this.#start(place);
  }

  /** Kills it after so many more steps of its own; 0: now. */
  kill(process: DispatcherProcess, points: number): void {
    if (points === 0) process.machine.kill();
    else process.machine.armKill(points);
  }

  /** Nobody is killed any more. */
  spare(): void {
    for (const { machine } of this.running) machine.armKill(Infinity);
  }

  /** For good. */
  closeAll(): void {
    this.#isClosing = true;
    for (const process of this.running) process.stop();
  }

  /**
   * Lets go of those that were killed, when the run is over. Node keeps a signal made by `AbortSignal.any`, and all that
   * its listeners hold, until it aborts: for a dead process that would be never, and a world is large.
   */
  bury(): void {
    for (const process of this.#dead) process.stop();
  }

  #start(place: number): void {
    const { plan, time, cluster, service, network, onlooker, plant } = this.#deps;
    this.#startCount += 1;
    const name = `d${place + 1}.${this.#startCount}`;
    const random = new RandomSource(plan.seed, name);
    const machine = new Machine({
      ...{ time, random: random.next, aheadMs: random.between(-USUAL_SKEW_MS, USUAL_SKEW_MS) },
      onKilled: () => {
        onlooker.tell(`${name} is killed`);
        kafka.die();
        const killed = this.#processes[place];
        if (killed) this.#dead.push(killed);
        this.#end(place);
      },
    });
    const kafka = cluster.connect(machine);
    onlooker.name(machine, name);
    onlooker.tell(`${name} starts`);
    onlooker.disturb(SETTLING_MS);
    this.#processes[place] = startDispatcherProcess({
      ...{ machine, kafka, commitMs: plan.commitMs, plant, random: random.next },
      ...{ subscriptions: service.connect(machine), egress: network.connect(machine) },
      onEnded: (error) => {
        onlooker.tell(`${name} ended`);
        if (error !== undefined) onlooker.noteProblem({ check: "processes", words: `${name}: ${error.message}` });
        this.#end(place);
      },
    });
  }

  #end(place: number): void {
    const { time, random, onlooker } = this.#deps;
    this.#processes[place] = undefined;
    if (this.#isClosing) return;
    const downMs = random.magnitude(RESTART_MS.least, RESTART_MS.most);
    onlooker.disturb(downMs + SETTLING_MS);
    time.after(downMs, () => {
      if (!this.#isClosing) this.#start(place);
    });
  }
}
