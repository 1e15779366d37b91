import type { FetchedRecord } from "./wire/decode-records.ts";

/**
 * The inside of kafkajs 2.2.4 that this package touches, as far as it touches it. kafkajs has no types for it; it has no
 * `exports` either, so its files can be required. The version is pinned: what is written here was read in its source.
 */

interface InternalBroker {
  readonly nodeId: number | string;
  readonly isConnected: () => boolean;
  readonly metadata: (topics: readonly string[]) => Promise<ClusterMetadata>;
  readonly produce: (request: {
    readonly acks: number;
    readonly timeout: number;
    readonly topicData: readonly {
      readonly topic: string;
      readonly partitions: readonly { partition: number; firstSequence: number; messages: readonly unknown[] }[];
    }[];
  }) => Promise<unknown>;
  readonly fetch: (request: {
    readonly isolationLevel: number;
    readonly maxWaitTime: number;
    readonly minBytes: number;
    readonly maxBytes: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { partition: number; fetchOffset: string; maxBytes: number }[];
    }[];
  }) => Promise<{ readonly responses: readonly { readonly partitions: readonly FetchedPartition[] }[] }>;
  readonly findGroupCoordinator: (request: { groupId: string; coordinatorType: number }) => Promise<unknown>;
  readonly offsetCommit: (request: {
    readonly groupId: string;
    readonly memberId: string;
    readonly groupGenerationId: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { partition: number; offset: string; metadata: string }[];
    }[];
  }) => Promise<unknown>;
  readonly offsetFetch: (request: {
    readonly groupId: string;
    readonly topics: readonly { readonly topic: string; readonly partitions: readonly { partition: number }[] }[];
  }) => Promise<{ readonly responses: readonly FetchedOffsets[] }>;
}

interface FetchedOffsets {
  readonly topic: string;
  readonly partitions: readonly {
    readonly partition: number;
    /** -1 when none is committed. */
    readonly offset: string;
    readonly metadata: string | null;
  }[];
}

export interface FetchedPartition {
  readonly partition: number;
  readonly highWatermark: string;
  readonly messages: readonly FetchedRecord[];
}

interface ClusterMetadata {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
  readonly topicMetadata: readonly {
    readonly topic: string;
    readonly partitionMetadata: readonly PartitionMetadata[];
  }[];
}

export interface PartitionMetadata {
  readonly partitionId: number;
  readonly leader: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

export interface Cluster {
  readonly connect: () => Promise<void>;
  readonly disconnect: () => Promise<void>;
  readonly isConnected: () => boolean;
  readonly addMultipleTargetTopics: (topics: readonly string[]) => Promise<void>;
  readonly refreshMetadata: () => Promise<void>;
  readonly refreshMetadataIfNecessary: () => Promise<void>;
  readonly getNodeIds: () => readonly string[];
  readonly findBroker: (node: { readonly nodeId: number | string }) => Promise<InternalBroker>;
  readonly findGroupCoordinator: (group: { readonly groupId: string }) => Promise<InternalBroker>;
  readonly findTopicPartitionMetadata: (topic: string) => readonly PartitionMetadata[];
  readonly removeBroker: (address: { readonly host: string; readonly port: number }) => void;
  readonly fetchTopicsOffset: (
    topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number }[];
      readonly fromBeginning?: boolean;
      readonly fromTimestamp?: number;
    }[],
  ) => Promise<
    readonly { readonly topic: string; readonly partitions: readonly { partition: number; offset: string }[] }[]
  >;
}

/** A member's state: made anew at each start of a consumer. */
export interface ConsumerGroup {
  readonly cluster: Cluster;
  readonly groupId: string;
  /** Undefined until the first join. */
  coordinator: InternalBroker | null;
  readonly generationId: number | null;
  readonly memberId: string | null;
  /** Made anew at each join; knows the offsets to fetch next. */
  readonly offsetManager: {
    coordinator: InternalBroker;
    readonly nextOffset: (topic: string, partition: number) => { readonly toString: () => string };
  } | null;
  readonly assigned: () => readonly TopicPartitions[];
  readonly pause: (partitions: readonly TopicPartitions[]) => void;
  readonly resume: (partitions: readonly TopicPartitions[]) => void;
  readonly seek: (position: { topic: string; partition: number; offset: string }) => void;
  readonly leave: () => Promise<void>;
}

export interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}
