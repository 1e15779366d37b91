/**
 * What the rest of the house sees of Kafka: topics that are made and checked, appends that are durable, groups that
 * share partitions. None of the client library's words leave this package.
 *
 * Names: every topic and group that is given here gets the client's prefix on its way to the cluster, and loses it on
 * its way back, so that two platforms can share one cluster.
 */

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A record to append. */
export interface KafkaAppend {
  readonly topic: string;
  /** Records of one key go to one partition (murmur2, as Java's clients do); spread when absent. */
  readonly key?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Uint8Array;
}

/** A record as it stands in a partition. */
export interface KafkaRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Its own: it may be kept. */
  readonly value: Uint8Array;
  /** When the broker appended it, milliseconds since the epoch. */
  readonly appendedAtMs: number;
}

/** Where a group stands in a partition. */
export interface GroupPosition extends TopicPartition {
  /** The offset to read next; 0 when none is committed. */
  readonly offset: number;
  /** Up to 4,096 characters, kept beside the offset. */
  readonly metadata: string;
}

/** What a topic must be. */
export interface TopicPlan {
  readonly name: string;
  /** -1: records are kept until they are deleted. */
  readonly retentionMs: number;
  /** The largest batch that it takes, bytes. */
  readonly maxMessageBytes: number;
}

export interface KafkaProducer {
  /**
   * Resolves when all records are durable (acks=all), with the broker's time of the append. After a rejection some may
   * stand in the log all the same. Appends gather while one request is out.
   * @throws {KafkaError} unavailable (tries have ended), refused (it can't ever work), closed
   */
  readonly append: (records: readonly KafkaAppend[]) => Promise<{ readonly appendedAtMs: number }>;
}

/** What a group's member is told. `assigned`, `revoked` and `records` of a partition never overlap. */
export interface GroupEvents {
  /** Partitions that are new here, with their committed positions; records of them come when it has resolved. */
  readonly assigned: (positions: readonly GroupPosition[]) => void | Promise<void>;
  /** Partitions that are somebody else's now: what ends late is no longer committed. Those that stay are not named. */
  readonly revoked: (partitions: readonly TopicPartition[]) => void | Promise<void>;
  /**
   * Records of one partition in the order of their offsets, each given once while the partition is here. Returns how
   * many were taken. If fewer than given, the partition is paused, and the rest comes again after `resume`.
   */
  readonly records: (from: TopicPartition, records: readonly KafkaRecord[]) => number;
  /** Partitions may be about to move: what is returned is committed before they do. */
  readonly rebalancing: () => readonly GroupPosition[];
}

/** A member of a consumer group over some topics. Partition p of every topic is on the same member. */
export interface GroupConsumer {
  /** Reads until the signal aborts, then leaves the group. @throws {KafkaError} when it can't go on: end the process */
  readonly run: (events: GroupEvents, signal: AbortSignal) => Promise<void>;
  readonly pause: (partition: TopicPartition) => void;
  readonly resume: (partition: TopicPartition) => void;
  /**
   * Durable when it resolves; positions of partitions that are not here are left out. Also works after the run's signal
   * aborted. @throws {KafkaError}
   */
  readonly commit: (positions: readonly GroupPosition[]) => Promise<void>;
}

export interface GroupOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** The most bytes of one partition that one fetch brings; 256 KiB by default. */
  readonly maxBytesPerPartition?: number;
}

export interface RangeToRead extends TopicPartition {
  /** Records appended at or after this time; milliseconds since the epoch. */
  readonly sinceMs: number;
  /** Lower offsets are not wanted either; 0 by default. */
  readonly fromOffset?: number;
  readonly beforeOffset: number;
}

/** A connection to a cluster. */
export interface Kafka {
  /** Makes topics that are missing, and checks those that are there. @throws {KafkaError} setup, in one line that says what to change */
  readonly ensureTopics: (plans: readonly TopicPlan[]) => Promise<void>;
  /** @throws {KafkaError} setup, when this client has no right to append to one of them */
  readonly assertWritable: (topics: readonly string[]) => Promise<void>;
  readonly producer: KafkaProducer;
  readonly group: (options: GroupOptions) => GroupConsumer;
  /** Records of a range, oldest first, outside of any group. */
  readonly readRange: (range: RangeToRead) => AsyncIterable<readonly KafkaRecord[]>;
  /** Appends that are out are waited for, for as long as one may take. */
  readonly close: () => Promise<void>;
}

/** `setup`: no topic of that name, or settings or rights of the cluster or of ours would break a promise. The others as in {@link KafkaProducer}. */
export type KafkaErrorCode = "unavailable" | "refused" | "closed" | "setup";

export class KafkaError extends Error {
  override readonly name = "KafkaError";
  readonly code: KafkaErrorCode;

  constructor(code: KafkaErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
