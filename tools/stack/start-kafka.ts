/**
 * A real Apache Kafka (KRaft, no ZooKeeper) of one or three nodes on free ports of 127.0.0.1, for tests and trials.
 *
 * Each node is a broker and a controller in one process. Its data are in memory where there is room, and stay when the
 * process is killed; everything is gone after `stop`, or when this process ends, however it does.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { fetchKafka, type KafkaDistribution } from "./fetch-kafka.ts";
import { findLiveBrokers } from "./find-live-brokers.ts";
import type { GuardedProcess } from "./guarded-process.ts";
import { createKafkaId, formatNode, startNodeProcess } from "./kafka-node.ts";
import { createNodeProperties, type KafkaNodePlan } from "./kafka-properties.ts";
import { reservePorts } from "./ports.ts";
import { type PreparedKafka, prepareKafka } from "./prepare-kafka.ts";
import { createScratchFolder } from "./scratch-folder.ts";
import { untilAnswers } from "./until-answers.ts";
import { withProgress } from "./with-progress.ts";

/** One node takes 1 to 6 s, three take 3 to 18 s, on two cores that others use too. */
const startTimeoutMs = 120_000;

export interface KafkaOptions {
  /** 1: replication factor 1. 3: factor 3, min.insync.replicas 2. */
  readonly nodes: 1 | 3;
  /** Settings of the brokers; they win over ours. */
  readonly properties?: Readonly<Record<string, string>>;
}

export interface KafkaNode {
  /** From 1; Kafka's node.id. */
  readonly id: number;
  /** host:port for clients. */
  readonly address: string;
  /** Of Java itself; undefined while it is dead. */
  readonly pid: number | undefined;
  /** kill -9; resolves when the process is gone. */
  readonly kill: () => Promise<void>;
  /**
   * Starts it again on the same folder and ports; resolves when it answers and its cluster counts it. Of three, two must
   * be up for that: start two dead ones at the same time. @throws when it runs already, or doesn't come up
   */
  readonly start: () => Promise<void>;
}

export interface KafkaCluster {
  /** Of Kafka: 4.1.2. */
  readonly version: string;
  /** host:port of each node, separated by commas. */
  readonly brokers: string;
  readonly nodes: readonly KafkaNode[];
  /** Kills all, and removes their data. */
  readonly stop: () => Promise<void>;
}

/** Resolves when every node answers and sees all the others. @throws StackUnavailableError when Java or Maven is missing */
export async function startKafka({ nodes: count, properties = {} }: KafkaOptions): Promise<KafkaCluster> {
  const distribution = await fetchKafka();
  const prepared = await prepareKafka(distribution);
  const scratch = await createScratchFolder();
  const { ports, release } = await reservePorts(3 * count);
  const plans = Array.from({ length: count }, (_, index) => planNode(scratch.path, index, ports));
  const nodes = plans.map((plan) => createNode({ plan, distribution, prepared }));
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.kill()));
    await scratch.remove();
    release();
  };
  try {
    const clusterId = createKafkaId();
    const password = randomUUID();
    for (const plan of plans) {
      const settings = createNodeProperties({ nodes: plans, password, properties }, plan);
      await formatNode({ folder: folderOf(plan), clusterId, properties: settings }, prepared.checkpoint);
    }
    const what = `Starting Kafka ${distribution.version} (${count === 1 ? "one node" : "three nodes"})`;
    await withProgress(what, () => Promise.all(nodes.map((node) => node.startWith(plans.map(({ id }) => id)))));
  } catch (error) {
    await stop();
    throw error;
  }
  return { version: distribution.version, brokers: nodes.map(({ address }) => address).join(","), nodes, stop };
}

function planNode(folder: string, index: number, ports: readonly number[]): KafkaNodePlan {
  const [clientPort = 0, brokerPort = 0, controllerPort = 0] = ports.slice(3 * index);
  return { id: index + 1, clientPort, brokerPort, controllerPort, dataFolder: join(folder, `${index + 1}`, "data") };
}

function folderOf({ dataFolder }: KafkaNodePlan): string {
  return join(dataFolder, "..");
}

interface NodeParts {
  readonly plan: KafkaNodePlan;
  readonly distribution: KafkaDistribution;
  readonly prepared: PreparedKafka;
}

interface StartableNode extends KafkaNode {
  /** Resolves when this node answers and knows that these are up. */
  readonly startWith: (ids: readonly number[]) => Promise<void>;
}

function createNode({ plan, distribution, prepared }: NodeParts): StartableNode {
  const name = `Kafka's node ${plan.id}`;
  let server: GuardedProcess | undefined;
  const startWith = async (ids: readonly number[]): Promise<void> => {
    if (server !== undefined) throw new Error(`${name} runs already (pid ${server.pid})`);
    const started = await startNodeProcess(distribution, folderOf(plan), prepared.archiving);
    server = started;
    void started.ended.then(() => {
      if (server === started) server = undefined;
    });
    await untilAnswers({ name, server: started, timeoutMs: startTimeoutMs }, async () => {
      const live = await findLiveBrokers(plan.clientPort);
      return ids.every((id) => live.includes(id));
    });
  };
  return {
    id: plan.id,
    address: `127.0.0.1:${plan.clientPort}`,
    get pid() {
      return server?.pid;
    },
    kill: async () => {
      await server?.end("SIGKILL");
    },
    start: () => startWith([plan.id]),
    startWith,
  };
}
