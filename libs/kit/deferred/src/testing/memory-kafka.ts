import {
  type GroupConsumer,
  type GroupPosition,
  type Kafka,
  KafkaError,
  type TopicPartition,
} from "@postrider/kit-kafka";
import { type Clock, untilAborted } from "@postrider/kit-lifecycle";
import { MemoryGroup, MemoryMember } from "./memory-group.ts";
import { createMemoryLog, type MemoryLog } from "./memory-log.ts";

export interface MemoryKafkaOptions {
  readonly clock: Clock;
  /** Of every topic; 3 by default. */
  readonly partitions?: number;
  /** Of an append, a fetch and a commit, milliseconds; 1 by default. */
  readonly latencyMs?: number;
  /** How long a killed member keeps its partitions; milliseconds, 10,000 by default. */
  readonly sessionMs?: number;
}

/** What goes wrong, until it is set otherwise. */
export interface MemoryKafkaFaults {
  /** The broker takes nothing: appends and commits reject as unavailable. What stands in the log is still read. */
  isAway: boolean;
  /** Appends stand in the log, and reject all the same: their answers are lost. */
  losesAnswers: boolean;
  /** How far the broker's clock is ahead of ours, milliseconds. */
  clockAheadMs: number;
}

/** A process's connection. */
export interface MemoryKafkaConnection extends Pick<Kafka, "producer" | "group"> {
  /** As kill -9 would: nothing of it reaches anything any more, and nothing reaches it. */
  readonly kill: () => void;
}

/** A cluster in memory, for tests and simulations, on any clock: what the interface promises, and faults on demand. */
export interface MemoryKafka {
  readonly faults: MemoryKafkaFaults;
  readonly log: MemoryLog;
  readonly connect: () => MemoryKafkaConnection;
  /** Moves partitions between the members of a group. */
  readonly rebalance: (group: string) => Promise<void>;
  readonly findCommitted: (group: string, from: TopicPartition) => GroupPosition | undefined;
}

export function createMemoryKafka(options: MemoryKafkaOptions): MemoryKafka {
  const log = createMemoryLog(options.partitions ?? 3);
  const groups = new Map<string, MemoryGroup>();
  const cluster: Cluster = {
    ...{ clock: options.clock, latencyMs: options.latencyMs ?? 1, sessionMs: options.sessionMs ?? 10_000 },
    ...{ log, groups, faults: { isAway: false, losesAnswers: false, clockAheadMs: 0 } },
  };
  return {
    faults: cluster.faults,
    log,
    connect: () => new Connection(cluster),
    rebalance: (group) => findGroup(cluster, group).rebalance({ isShifted: true }),
    findCommitted: (group, from) => findGroup(cluster, group).findCommitted(from),
  };
}

interface Cluster extends Required<Omit<MemoryKafkaOptions, "partitions">> {
  readonly log: MemoryLog;
  readonly groups: Map<string, MemoryGroup>;
  readonly faults: MemoryKafkaFaults;
}

class Connection implements MemoryKafkaConnection {
  readonly #cluster: Cluster;
  readonly #members = new Map<MemoryMember, MemoryGroup>();
  #isKilled = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  readonly producer: Kafka["producer"] = {
    append: async (records) => {
      await this.#roundTrip();
      const { clock, faults, log, groups } = this.#cluster;
      const appendedAtMs = clock.nowMs() + faults.clockAheadMs;
      for (const record of records) log.append(record, appendedAtMs);
      for (const group of groups.values()) group.planFetches();
      if (faults.losesAnswers) throw new KafkaError("unavailable", "the answer was lost");
      return { appendedAtMs };
    },
  };

  readonly group: Kafka["group"] = (options): GroupConsumer => {
    const group = findGroup(this.#cluster, options.group);
    let member: MemoryMember | undefined;
    const setPaused = (from: TopicPartition, isPaused: boolean) => member?.setPaused(from, isPaused);
    return {
      run: async (events, signal) => {
        member = new MemoryMember({ options, events, log: this.#cluster.log, later: this.#later.bind(this) });
        this.#members.set(member, group);
        await group.join(member);
        await untilAborted(signal);
        await group.leave(member);
        this.#members.delete(member);
      },
      pause: (from) => setPaused(from, true),
      resume: (from) => setPaused(from, false),
      commit: async (positions) => {
        await this.#roundTrip();
        if (member) group.commit(member, positions);
      },
    };
  };

  kill(): void {
    this.#isKilled = true;
    for (const [member, group] of this.#members) {
      member.isKilled = true;
      this.#cluster.clock.after(this.#cluster.sessionMs, () => void group.leave(member));
    }
  }

  /** @throws {KafkaError} while the broker is away; never resolves once killed */
  async #roundTrip(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#later(resolve);
    });
    if (this.#cluster.faults.isAway) throw new KafkaError("unavailable", "the broker is away");
  }

  #later(callback: () => void): void {
    if (this.#isKilled) return;
    this.#cluster.clock.after(this.#cluster.latencyMs, () => {
      if (!this.#isKilled) callback();
    });
  }
}

function findGroup({ groups, log, faults }: Cluster, name: string): MemoryGroup {
  const group = groups.get(name) ?? new MemoryGroup({ log, faults });
  groups.set(name, group);
  return group;
}
