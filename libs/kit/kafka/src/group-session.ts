import { type Clock } from "@postrider/kit-lifecycle";
import type { Consumer, EachBatchPayload } from "kafkajs";
import { METADATA_MAX_AGE_MS, CLIENT_RETRY, type Client } from "./create-client.ts";
import { createKafkaError, describeFailure, isSetup, isUnknownTopic } from "./kafka-failure.ts";
import type { NoticeSink } from "./kafka-notice.ts";
import { KafkaError } from "./kafka.ts";
import type { Cluster } from "./kafkajs-internals.ts";
import { watchJoins, type JoinHooks } from "./mends/untold-joins.ts";
import type { Ownership } from "./ownership.ts";
import { createPartitionAssigner } from "./partition-assigner.ts";

/**
 * A member that says nothing for this long is out, and its partitions move. A killed one that comes back before makes all
 * others wait for the rest of it. So: the least that brokers take unless they are told otherwise
 * (group.min.session.timeout.ms), which is still six heartbeats.
 */
const SESSION_TIMEOUT_MS = 6_000;
const HEARTBEAT_MS = 1_000;
/** Members have this long to join again. They notice with a heartbeat, and only commit before. */
const REBALANCE_TIMEOUT_MS = 15_000;
/** How long a fetch waits for records: also how late a partition is read again after its pause. */
const MAX_FETCH_WAIT_MS = 100;
/** Between two tries to begin: doubling from the first to the last. */
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2_000;
/** A topic that is unknown this often in a row is not there. */
const MAX_UNKNOWN_TOPIC = 5;
/** Leaving takes a fetch and a request; nobody waits for longer. */
const MAX_LEAVE_MS = 10_000;

export interface SessionOptions {
  readonly client: Client;
  /** Names as the cluster knows them. */
  readonly group: string;
  readonly topics: readonly string[];
  readonly maxBytesPerPartition: number;
  readonly clock: Clock;
  readonly onNotice: NoticeSink;
}

export interface SessionEvents extends JoinHooks {
  readonly ownership: () => Ownership;
  /** Before anything else follows: whether it is still a member, and of what, is open until it has joined again. */
  readonly crashed: () => void;
  /** Takes what was fetched and returns at once: no heartbeat goes out while it works. */
  readonly takeBatch: (payload: EachBatchPayload) => void;
}

/**
 * A consumer of kafkajs from its start to its leave. It is started anew here, not by kafkajs, after whatever may pass:
 * kafkajs takes some such failures, and a group whose coordinator can't be found, for final ones.
 */
export class GroupSession {
  readonly #options: SessionOptions;
  readonly #events: SessionEvents;
  readonly #consumer: Consumer;
  readonly #left = Promise.withResolvers<undefined>();
  #cluster: Cluster | undefined;
  #isLeaving = false;
  #handleCrash: (error: Error) => void = () => undefined;

  constructor(options: SessionOptions, events: SessionEvents) {
    this.#options = options;
    this.#events = events;
    const onCluster = (cluster: Cluster): void => {
      this.#cluster = cluster;
      watchJoins(cluster, events);
    };
    this.#consumer = options.client.kafkajs.consumer({
      groupId: options.group,
      partitionAssigners: [createPartitionAssigner({ ownership: events.ownership, onCluster })],
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxWaitTimeInMs: MAX_FETCH_WAIT_MS,
      minBytes: 1,
      maxBytesPerPartition: options.maxBytesPerPartition,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      allowAutoTopicCreation: false,
      readUncommitted: true,
      retry: { ...CLIENT_RETRY, retries: 30, restartOnFailure: () => Promise.resolve(false) },
    });
    this.#consumer.on("consumer.crash", ({ payload }) => {
      events.crashed();
      this.#handleCrash(payload.error);
    });
  }

  /** Until it has left. @throws {KafkaError} when it can't ever work */
  async run(): Promise<void> {
    try {
      for (;;) {
        if (!(await this.#connect())) return;
        await this.#consume();
        if (this.#isLeaving) return;
      }
    } finally {
      await this.leave();
    }
  }

  /** The next join is answered with an end, so this session's end is expected. */
  expectEnd(): void {
    this.#isLeaving = true;
  }

  /** Leaves the group and closes the connections. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    this.#left.resolve(undefined);
    let cancel = (): void => undefined;
    const late = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(MAX_LEAVE_MS, resolve);
    });
    // A leave that fails leaves a member that says nothing any more: the group drops it after its session.
    await Promise.race([this.#consumer.disconnect().catch(() => undefined), late]);
    cancel();
  }

  /** False when it has to leave instead. */
  async #connect(): Promise<boolean> {
    const { group, topics, onNotice, clock } = this.#options;
    let unknown = 0;
    for (let retryMs = FIRST_RETRY_MS; !this.#isLeaving; retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)) {
      try {
        await this.#consumer.connect();
        await this.#consumer.subscribe({ topics: [...topics], fromBeginning: true });
        await this.#assertGroupRights();
        return !this.#isLeaving;
      } catch (error) {
        unknown = isUnknownTopic(error) ? unknown + 1 : 0;
        const isFinal = isSetup(error) || unknown >= MAX_UNKNOWN_TOPIC;
        if (isFinal) throw createKafkaError(`group ${group} on ${topics.join(", ")}`, error);
        onNotice({
          kind: "group_crashed",
          message: `group ${group} can't begin, it is tried again: ${describeFailure(error)}`,
          facts: { group },
        });
        await this.#pause(retryMs, clock);
      }
    }
    return false;
  }

  /** kafkajs swallows the answer that says that the group is forbidden, and says that it found no coordinator. */
  async #assertGroupRights(): Promise<void> {
    const [nodeId] = this.#cluster?.getNodeIds() ?? [];
    if (this.#cluster === undefined || nodeId === undefined) return;
    const broker = await this.#cluster.findBroker({ nodeId });
    await broker.findGroupCoordinator({ groupId: this.#options.group, coordinatorType: 0 });
  }

  /** Reads until it crashes or leaves. */
  async #consume(): Promise<void> {
    const crashed = Promise.withResolvers<Error>();
    this.#handleCrash = crashed.resolve;
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: (payload) => {
        this.#events.takeBatch(payload);
        return Promise.resolve();
      },
    });
    const error = await Promise.race([crashed.promise, this.#left.promise]);
    if (error === undefined || this.#isLeaving) return;
    const { group, onNotice, clock } = this.#options;
    if (isSetup(error)) throw createKafkaError(`group ${group}`, error);
    onNotice({
      kind: "group_crashed",
      message: `group ${group} is joined again after a failure: ${describeFailure(error)}`,
      facts: { group },
    });
    await this.#pause(FIRST_RETRY_MS, clock);
  }

  async #pause(delayMs: number, clock: Clock): Promise<void> {
    let cancel = (): void => undefined;
    const over = new Promise<undefined>((resolve) => {
      cancel = clock.after(delayMs, () => {
        resolve(undefined);
      });
    });
    await Promise.race([over, this.#left.promise]);
    cancel();
  }
}

/** What commits and callers of a group that was closed get. */
export function createClosedError(group: string): KafkaError {
  return new KafkaError("closed", `group ${group}: the connection to Kafka was closed`);
}
