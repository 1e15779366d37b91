import {
  type GroupConsumer,
  type GroupOptions,
  type GroupPosition,
  type Kafka,
  KafkaError,
  type KafkaRecord,
  type RangeToRead,
  type TopicPartition,
} from "@postrider/kit-kafka";
import type { Machine } from "../time/machine.ts";
import { type ClusterFaults, type ClusterOptions, ClusterState } from "./cluster-state.ts";
import { SESSION_MS, SimulatedGroup } from "./simulated-group.ts";
import { SimulatedMember } from "./simulated-member.ts";
import { SimulatedProducer } from "./simulated-producer.ts";

/** As the real one: how often a range is tried to read, and the longer each time between two tries. */
const READ_TRIES = { most: 8, delayMs: 250 };
const PAGE_RECORDS = 500;

/** A process's connection to the cluster. */
export interface SimulatedKafka extends Pick<Kafka, "producer" | "group" | "readRange"> {
  /** Its members leave their groups. */
  readonly close: () => Promise<void>;
  /** Its machine is dead: its groups notice when its members have said nothing for too long. */
  readonly die: () => void;
  /** Of all its partitions, what the fullest has taken and not finished, by what it would commit now. */
  readonly countUnfinished: () => number;
  /** The groups throw its members out; these learn of it after that time. */
  readonly expel: (afterMs: number) => void;
}

/** Kafka as its port promises it, no better: on virtual time, and with faults on demand. */
export class SimulatedCluster {
  readonly #state: ClusterState;
  readonly #groups = new Map<string, SimulatedGroup>();

  constructor(options: ClusterOptions) {
    this.#state = new ClusterState(options);
  }

  get faults(): ClusterFaults {
    return this.#state.faults;
  }

  get groups(): readonly SimulatedGroup[] {
    return [...this.#groups.values()];
  }

  /** All that stands in a topic. */
  readAll(topic: string): readonly KafkaRecord[] {
    return this.#state.partitionsOf(topic).flatMap((partition) => partition.read(0));
  }

  read(place: TopicPartition, fromOffset: number): readonly KafkaRecord[] {
    return this.#state.read(place, fromOffset);
  }

  /** Where the group that reads this topic stands in its partitions. */
  findPositions(topic: string): readonly GroupPosition[] {
    const group = this.groups.find(({ topics }) => topics.includes(topic));
    return this.#state
      .listPlaces([topic])
      .map((place) => group?.committed.find(place) ?? { ...place, offset: 0, metadata: "" });
  }

  /** The brokers are back: whoever could not read reads on. */
  tellReadable(): void {
    this.#state.tellReadable();
  }

  connect(machine: Machine): SimulatedKafka {
    const members: SimulatedMember[] = [];
    return {
      producer: new SimulatedProducer(this.#state, machine),
      group: (options): GroupConsumer => {
        const member = new SimulatedMember({ cluster: this.#state, group: this.#findGroup(options), machine });
        members.push(member);
        return member;
      },
      readRange: (range) => this.#readRange(range, machine),
      close: async () => {
        await Promise.all(members.map(async (member) => member.close()));
      },
      die: () => {
        for (const member of members) member.die();
        this.#state.time.after(SESSION_MS, () => {
          for (const group of this.groups) for (const member of members) group.remove(member);
        });
      },
      countUnfinished: () => Math.max(0, ...members.map((member) => member.countUnfinished())),
      expel: (afterMs) => {
        for (const member of members) member.expel(afterMs);
      },
    };
  }

  #findGroup({ group, topics }: GroupOptions): SimulatedGroup {
    const found = this.#groups.get(group) ?? new SimulatedGroup(this.#state, topics);
    this.#groups.set(group, found);
    return found;
  }

  async *#readRange(range: RangeToRead, machine: Machine): AsyncGenerator<readonly KafkaRecord[]> {
    const { topic, partition, sinceMs, fromOffset = 0, beforeOffset } = range;
    await machine.pass();
    await this.#untilReadable(range, machine);
    const sinceOffset = this.#state.partitionsOf(topic)[partition]?.findOffsetSince(sinceMs) ?? 0;
    for (let from = Math.max(fromOffset, sinceOffset); from < beforeOffset;) {
      await this.#untilReadable(range, machine);
      const page = this.#state.read({ topic, partition }, from, PAGE_RECORDS);
      const wanted = page.filter(({ offset }) => offset < beforeOffset);
      if (wanted.length > 0) yield wanted;
      const last = page.at(-1);
      if (last === undefined) return;
      from = last.offset + 1;
    }
  }

  async #untilReadable({ topic, partition }: RangeToRead, machine: Machine): Promise<void> {
    for (let tries = 1; ; tries++) {
      await machine.wait(2 * this.#state.drawLatencyMs());
      if (!this.faults.isAway) return;
      if (tries === READ_TRIES.most) {
        this.#state.observer.readBackFailed({ topic, partition });
        throw new KafkaError("unavailable", `could not read back partition ${partition} of ${topic}`);
      }
      await machine.wait(READ_TRIES.delayMs * tries);
    }
  }
}
