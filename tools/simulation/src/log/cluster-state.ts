import type { GroupPosition, KafkaAppend, KafkaRecord, TopicPartition } from "@postrider/kit-kafka";
import { KafkaError } from "@postrider/kit-kafka";
import type { Machine } from "../time/machine.ts";
import type { RandomSource } from "../time/random-source.ts";
import type { VirtualTime } from "../time/virtual-time.ts";
import { PartitionLog } from "./partition-log.ts";
import { nameOf } from "./place.ts";

/** What goes wrong at the brokers, until it is set otherwise. */
export interface ClusterFaults {
  /** Takes and gives nothing. */
  isAway: boolean;
  /** Each way to the brokers and back takes up to this much longer, milliseconds. */
  slowMs: number;
  /** The share of appends that stand in the log, in part or whole, and whose answer is lost. */
  lostAnswers: number;
  /** By how much the brokers' clock is ahead, milliseconds. */
  aheadMs: number;
}

/** What an onlooker is told: the truth about the log, which no process knows. */
export interface ClusterObserver {
  readonly appended: (appended: Appended) => void;
  /** A member's partition is no longer its own. Beyond `committed` it had taken all that is below `takenTo`. */
  readonly moved: (loss: Loss) => void;
  /** The ids that a partition's new owner should know of could not be read. */
  readonly readBackFailed: (place: TopicPartition) => void;
}

export interface Appended {
  readonly topic: string;
  readonly record: KafkaRecord;
  /** False if whoever appended it will not learn that it is there. */
  readonly isAcknowledged: boolean;
  readonly by: Machine;
}

export interface Loss {
  readonly machine: Machine;
  /** Where the next owner goes on. */
  readonly committed: GroupPosition;
  readonly takenTo: number;
}

export interface ClusterOptions {
  readonly time: VirtualTime;
  readonly random: RandomSource;
  /** By name, how many partitions. */
  readonly topics: ReadonlyMap<string, number>;
  readonly observer: ClusterObserver;
}

/** The brokers' topics, their faults, and how long a way to them takes. */
export class ClusterState {
  readonly time: VirtualTime;
  readonly random: RandomSource;
  readonly observer: ClusterObserver;
  readonly faults: ClusterFaults = { isAway: false, slowMs: 0, lostAnswers: 0, aheadMs: 0 };
  readonly #topics = new Map<string, readonly PartitionLog[]>();
  readonly #nextSpread = new Map<string, number>();
  readonly #readers = new Map<string, Set<() => void>>();

  constructor({ time, random, topics, observer }: ClusterOptions) {
    this.time = time;
    this.random = random;
    this.observer = observer;
    for (const [topic, count] of topics) {
      this.#topics.set(
        topic,
        Array.from({ length: count }, (_, partition) => new PartitionLog(partition)),
      );
    }
  }

  get nowMs(): number {
    return Math.floor(this.time.nowMs + this.faults.aheadMs);
  }

  /** One way, milliseconds. */
  drawLatencyMs(): number {
    const { slowMs } = this.faults;
    return this.random.between(0.3, 2) + (slowMs > 0 ? this.random.between(0, slowMs) : 0);
  }

  /** @throws {KafkaError} setup, for a topic that is not there */
  partitionsOf(topic: string): readonly PartitionLog[] {
    const partitions = this.#topics.get(topic);
    if (partitions === undefined) throw new KafkaError("setup", `topic ${topic} does not exist`);
    return partitions;
  }

  append(record: KafkaAppend, isAcknowledged: boolean, by: Machine): void {
    const partitions = this.partitionsOf(record.topic);
    const number = record.key === undefined ? this.#spread(record.topic) : hashOf(record.key);
    const appended = partitions[number % partitions.length]?.append(record, this.nowMs, this.random);
    if (appended) this.observer.appended({ topic: record.topic, record: appended, isAcknowledged, by });
  }

  read({ topic, partition }: TopicPartition, fromOffset: number, maxCount?: number): readonly KafkaRecord[] {
    return this.partitionsOf(topic)[partition]?.read(fromOffset, maxCount) ?? [];
  }

  listPlaces(topics: readonly string[]): readonly TopicPartition[] {
    return topics.flatMap((topic) => this.partitionsOf(topic).map((_, partition) => ({ topic, partition })));
  }

  /** Calls back whenever there may be something to read in one of the topics; returns the function that ends it. */
  onReadable(topics: readonly string[], callback: () => void): () => void {
    for (const topic of topics) {
      const readers = this.#readers.get(topic) ?? new Set();
      this.#readers.set(topic, readers.add(callback));
    }
    return () => {
      for (const topic of topics) this.#readers.get(topic)?.delete(callback);
    };
  }

  tellReadable(topics: Iterable<string> = this.#readers.keys()): void {
    const readers = new Set([...new Set(topics)].flatMap((topic) => [...(this.#readers.get(topic) ?? [])]));
    for (const tell of readers) tell();
  }

  #spread(topic: string): number {
    const next = this.#nextSpread.get(topic) ?? 0;
    this.#nextSpread.set(topic, next + 1);
    return next;
  }
}

/** Where a group stands: positions that were committed, by place. */
export class CommittedPositions {
  readonly #positions = new Map<string, GroupPosition>();

  find(place: TopicPartition): GroupPosition {
    return this.#positions.get(nameOf(place)) ?? { ...place, offset: 0, metadata: "" };
  }

  store(positions: readonly GroupPosition[]): void {
    for (const position of positions) this.#positions.set(nameOf(position), position);
  }
}

/** FNV-1a: any that spreads will do here. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (const character of key) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}
