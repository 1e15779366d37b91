import type { ConsumerGroup } from "../kafkajs-internals.ts";
import { loadKafkajs } from "../load-kafkajs.ts";

export const TOPIC = "t";

/** A node, as kafkajs's member sees it: it notes what it is asked, and answers, or fails. */
export class ScriptedBroker {
  readonly nodeId: number;
  readonly asked: string[] = [];
  /** What every request fails with. */
  failure: Error | undefined;
  /** Before the answer to a fetch. */
  beforeFetched: () => Promise<void> | void = () => undefined;

  constructor(nodeId: number) {
    this.nodeId = nodeId;
  }

  readonly isConnected = (): boolean => this.failure === undefined;
  readonly heartbeat = async (): Promise<void> => this.#answer("heartbeat", undefined);
  readonly leaveGroup = async (): Promise<void> => this.#answer("leaveGroup", undefined);

  readonly joinGroup = async (): Promise<object> => {
    const generationId = this.asked.filter((name) => name === "joinGroup").length + 1;
    return this.#answer("joinGroup", { generationId, leaderId: "other", memberId: "me", members: [] });
  };

  readonly syncGroup = async (): Promise<object> => {
    const { MemberAssignment } = loadKafkajs().AssignerProtocol;
    const memberAssignment = MemberAssignment.encode({
      ...{ version: 1, assignment: { [TOPIC]: [0] }, userData: Buffer.alloc(0) },
    });
    return this.#answer("syncGroup", { memberAssignment });
  };

  readonly offsetFetch = async (): Promise<object> =>
    this.#answer("offsetFetch", {
      responses: [{ topic: TOPIC, partitions: [{ partition: 0, offset: "0", metadata: "" }] }],
    });

  /** One record at offset 0. */
  readonly fetch = async (): Promise<object> => {
    await this.beforeFetched();
    const messages = [{ offset: 0, timestamp: 0, key: null, value: null, headers: {} }];
    return this.#answer("fetch", {
      responses: [{ topicName: TOPIC, partitions: [{ partition: 0, highWatermark: "1", messages }] }],
    });
  };

  async #answer<T>(name: string, answer: T): Promise<T> {
    this.asked.push(name);
    if (this.failure) throw this.failure;
    return Promise.resolve(answer);
  }
}

/** Two nodes and one partition: what the faults of kafkajs's member need of a cluster. */
export class ScriptedCluster {
  readonly one = new ScriptedBroker(1);
  readonly two = new ScriptedBroker(2);
  coordinator = this.one;
  /** Those that the client knows. */
  nodeIds = [1, 2];
  leader = 1;
  refreshes = 0;
  /** What the cluster's answer to a question for metadata changes. */
  onRefresh: () => void = () => undefined;

  readonly #committed: object = {};

  /** Where kafkajs keeps what it knows of committed offsets. */
  readonly committedOffsets = (): object => this.#committed;
  readonly getNodeIds = (): string[] => this.nodeIds.map(String);
  readonly findGroupCoordinator = async (): Promise<ScriptedBroker> => Promise.resolve(this.coordinator);
  readonly refreshMetadataIfNecessary = async (): Promise<void> => Promise.resolve();
  readonly findTopicPartitionMetadata = (): object[] => [{ partitionId: 0, leader: this.leader }];

  readonly findBroker = async ({ nodeId }: { readonly nodeId: number | string }): Promise<ScriptedBroker> =>
    Promise.resolve(Number(nodeId) === 1 ? this.one : this.two);

  readonly refreshMetadata = async (): Promise<void> => {
    this.refreshes++;
    this.onRefresh();
    return Promise.resolve();
  };
}

/** kafkajs's own member, of either file (see kafkajs-files.ts), on a scripted cluster. */
export function createGroup<T extends ConsumerGroup>(Group: GroupClass<T>, cluster: ScriptedCluster): T {
  return new Group({
    ...{ cluster, groupId: "g", topics: [TOPIC], topicConfigurations: {}, logger: quiet, assigners: [] },
    ...{ instrumentationEmitter: { emit: () => undefined }, retry: { retries: 0 }, maxWaitTimeInMs: 0 },
  });
}

export type GroupClass<T extends ConsumerGroup> = new (options: object) => T;

const quiet: object = {
  ...{ debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  namespace: () => quiet,
};
