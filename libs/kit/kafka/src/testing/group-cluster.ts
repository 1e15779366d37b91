import { createRequire } from "node:module";
import type { Consumer, ConsumerConfig } from "kafkajs";
import { createWatchers } from "@postrider/testing";
import type { Client } from "../create-client.ts";
import { loadKafkajs } from "../load-kafkajs.ts";
import { createProtocolError } from "./protocol-error.ts";
import { TOPIC } from "./scripted-cluster.ts";

type ScriptedConsumer = (options: object) => Consumer;
type CreateLogger = (options: object) => object;

interface Membership {
  readonly memberId: string;
  readonly groupGenerationId: number;
}

interface CommitRequest extends Membership {
  readonly topics: readonly { readonly partitions: readonly Committed[] }[];
}

interface Committed {
  readonly partition: number;
  readonly offset: string;
  readonly metadata: string;
}

/**
 * One node with one group and one topic, in memory; kafkajs's own consumer runs on it. The test says what the member is
 * assigned when it joins, and what fails.
 */
export class GroupCluster {
  /** What came in, in its order: `join`, `commit 0@5`, `leave`. */
  readonly asked: string[] = [];
  readonly watchers = createWatchers();
  /** Partitions that the member gets at its next join. */
  assigned: readonly number[] = [0, 1];
  /** Of each partition, what is committed. */
  readonly committed = new Map<number, Committed>();
  /** Of each partition, values; an offset is an index. */
  readonly logs: string[][] = [[], []];
  /** What the next fetches fail with; each is thrown once. */
  readonly fetchFailures: Error[] = [];
  /** What these requests fail with. */
  readonly failures = new Map<string, Error>();
  /** A new connection waits for this. */
  beforeConnect: Promise<void> = Promise.resolve();
  #members = 0;
  #generation = 0;
  #memberId = "";
  readonly #known: object = {};

  /** Ends the fetch that is out, and fails it with this. */
  failFetch(error: Error): void {
    this.fetchFailures.push(error);
    this.watchers.changed();
  }

  append(partition: number, ...values: readonly string[]): void {
    this.logs[partition]?.push(...values);
    this.watchers.changed();
  }

  client(): Client {
    const require = createRequire(import.meta.url);
    loadKafkajs();
    const createConsumer = require("kafkajs/src/consumer") as ScriptedConsumer;
    const { createLogger } = require("kafkajs/src/loggers") as { createLogger: CreateLogger };
    const logger = createLogger({ level: 0, logCreator: () => () => undefined });
    const kafkajs = {
      consumer: (config: ConsumerConfig) => createConsumer({ ...config, cluster: this.#createCluster(), logger }),
    };
    return { kafkajs, createCluster: () => undefined } as unknown as Client;
  }

  #createCluster(): object {
    const broker = this.#createBroker();
    const done = async (): Promise<void> => Promise.resolve();
    return {
      connect: async () => this.beforeConnect,
      ...{ disconnect: done, addMultipleTargetTopics: done, refreshMetadata: done, refreshMetadataIfNecessary: done },
      getNodeIds: () => ["1"],
      findBroker: async () => Promise.resolve(broker),
      findGroupCoordinator: async () => Promise.resolve(broker),
      findTopicPartitionMetadata: () => this.logs.map((_, partitionId) => ({ partitionId, leader: 1 })),
      committedOffsets: () => this.#known,
    };
  }

  #createBroker(): object {
    const { MemberAssignment } = loadKafkajs().AssignerProtocol;
    return {
      isConnected: () => true,
      findGroupCoordinator: async () => this.#answer("coordinator", {}),
      heartbeat: async (membership: Membership) => {
        this.#assertMember(membership);
        return Promise.resolve();
      },
      joinGroup: async ({ memberId }: { readonly memberId: string }) => {
        this.#memberId = memberId === "" ? `member-${++this.#members}` : memberId;
        this.#generation++;
        const joined = { generationId: this.#generation, leaderId: "other", memberId: this.#memberId, members: [] };
        return this.#answer("join", joined);
      },
      syncGroup: async () => {
        const assignment = { [TOPIC]: [...this.assigned] };
        const memberAssignment = MemberAssignment.encode({ version: 1, assignment, userData: Buffer.alloc(0) });
        return Promise.resolve({ memberAssignment });
      },
      leaveGroup: async () => this.#answer("leave", {}),
      offsetFetch: async ({ topics }: CommitRequest) => Promise.resolve({ responses: this.#fetchCommitted(topics) }),
      offsetCommit: async (request: CommitRequest) => this.#commit(request),
      fetch: async (request: FetchRequest) => this.#fetch(request),
    };
  }

  async #answer<T>(name: string, answer: T): Promise<T> {
    this.asked.push(name);
    this.watchers.changed();
    const failure = this.failures.get(name);
    if (failure) throw failure;
    return Promise.resolve(answer);
  }

  #assertMember({ memberId, groupGenerationId }: Membership): void {
    if (memberId !== this.#memberId) throw createProtocolError("UNKNOWN_MEMBER_ID");
    if (groupGenerationId !== this.#generation) throw createProtocolError("ILLEGAL_GENERATION");
  }

  async #commit(request: CommitRequest): Promise<object> {
    const positions = request.topics.flatMap(({ partitions }) => partitions);
    const words = positions.map(({ partition, offset }) => `${partition}@${offset}`);
    await this.#answer(`commit ${words.join(" ")}`, {});
    this.#assertMember(request);
    for (const position of positions) this.committed.set(position.partition, position);
    return {};
  }

  #fetchCommitted(topics: CommitRequest["topics"]): object[] {
    const none = { offset: "-1", metadata: "" };
    const partitions = topics.flatMap((of) => of.partitions);
    return [
      {
        topic: TOPIC,
        partitions: partitions.map(({ partition }) => ({
          partition,
          ...(this.committed.get(partition) ?? none),
          // What kafkajs would ask the beginning for, if there were none.
          offset: this.committed.get(partition)?.offset ?? "0",
        })),
      },
    ];
  }

  /** As soon as there is something, or when the time of the fetch is over, as brokers do. */
  async #fetch({ topics, maxWaitTime }: FetchRequest): Promise<object> {
    const wanted = topics.flatMap(({ partitions }) => partitions);
    const isReady = (): boolean =>
      this.fetchFailures.length > 0 ||
      wanted.some(({ partition, fetchOffset }) => (this.logs[partition]?.length ?? 0) > Number(fetchOffset));
    await this.watchers.waitUntil(isReady, () => "over", maxWaitTime).catch(() => undefined);
    const failure = this.fetchFailures.shift();
    if (failure) throw failure;
    const partitions = wanted.map(({ partition, fetchOffset }) => {
      const log = this.logs[partition] ?? [];
      const messages = log.map((value, offset) => ({
        ...{ offset, timestamp: 1, key: null, value: Buffer.from(value), headers: {} },
      }));
      return { partition, highWatermark: String(log.length), messages: messages.slice(Number(fetchOffset)) };
    });
    return { responses: [{ topicName: TOPIC, partitions }] };
  }
}

interface FetchRequest {
  readonly maxWaitTime: number;
  readonly topics: readonly {
    readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string }[];
  }[];
}
