// What is made once per version of Kafka and Java, so that each later start is short.
import { existsSync } from "node:fs";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeOnce } from "./cache-folder.ts";
import type { KafkaDistribution } from "./fetch-kafka.ts";
import { findLiveBrokers } from "./find-live-brokers.ts";
import { createKafkaId, formatNode, startNodeProcess } from "./kafka-node.ts";
import { createNodeProperties, encodeProperties } from "./kafka-properties.ts";
import { reservePorts } from "./ports.ts";
import { runCommand } from "./run-command.ts";
import { createScratchFolder } from "./scratch-folder.ts";
import { untilAnswers } from "./until-answers.ts";
import { withProgress } from "./with-progress.ts";

const formatTimeoutMs = 120_000;
const trialTimeoutMs = 120_000;

export interface PreparedKafka {
  /** The first records of an empty cluster (features and their versions), as Kafka's own formatter writes them. */
  readonly checkpoint: string;
  /** Java's flags to use the archive of loaded classes: it saves a third to a half of a start. */
  readonly archiving: readonly string[];
}

export async function prepareKafka(distribution: KafkaDistribution): Promise<PreparedKafka> {
  const { cacheFolder, java, version } = distribution;
  const checkpoint = join(cacheFolder, "bootstrap.checkpoint");
  const archive = join(cacheFolder, `classes-java-${java.version.replaceAll(/[^\w.+-]/g, "_")}.jsa`);
  if (!existsSync(checkpoint) || !existsSync(archive)) {
    await withProgress(`Preparing Kafka ${version}, once`, async () => {
      await makeOnce(checkpoint, (partialPath) => makeCheckpoint(distribution, partialPath));
      await makeOnce(archive, (partialPath) => makeArchive(distribution, checkpoint, partialPath));
    });
  }
  return { checkpoint, archiving: [`-XX:SharedArchiveFile=${archive}`] };
}

async function makeCheckpoint({ java, classPath }: KafkaDistribution, to: string): Promise<void> {
  const scratch = await createScratchFolder();
  try {
    const settings = join(scratch.path, "server.properties");
    const dataFolder = join(scratch.path, "data");
    // It wants ports, and does not open them.
    const node = { id: 1, clientPort: 1, brokerPort: 2, controllerPort: 3, dataFolder };
    const properties = createNodeProperties({ nodes: [node], password: "none", properties: {} }, node);
    await writeFile(settings, encodeProperties(properties));
    const tool = ["kafka.tools.StorageTool", "format", "-t", createKafkaId(), "-c", settings];
    const result = await runCommand([java.program, "-cp", classPath, ...tool], { timeoutMs: formatTimeoutMs });
    if ("failure" in result) throw new Error(`Kafka's storage format failed (${result.failure.reason})`);
    await copyFile(join(dataFolder, "bootstrap.checkpoint"), to);
  } finally {
    await scratch.remove();
  }
}

/** Runs a node until it answers, and has Java write the classes that it loaded by then. */
async function makeArchive(distribution: KafkaDistribution, checkpoint: string, to: string): Promise<void> {
  const scratch = await createScratchFolder();
  const { ports, release } = await reservePorts(3);
  const [clientPort = 0, brokerPort = 0, controllerPort = 0] = ports;
  const node = { id: 1, clientPort, brokerPort, controllerPort, dataFolder: join(scratch.path, "data") };
  try {
    const properties = createNodeProperties({ nodes: [node], password: "none", properties: {} }, node);
    await formatNode({ folder: scratch.path, clusterId: createKafkaId(), properties }, checkpoint);
    const server = await startNodeProcess(distribution, scratch.path, [`-XX:ArchiveClassesAtExit=${to}`]);
    try {
      const waiting = { name: "Kafka's first run", server, timeoutMs: trialTimeoutMs };
      await untilAnswers(waiting, async () => (await findLiveBrokers(clientPort)).includes(1));
    } finally {
      await server.end("SIGTERM");
    }
    // A Java that writes none: the flag names a file that isn't there, and starts are longer.
    if (!existsSync(to)) await writeFile(to, "");
  } finally {
    release();
    await scratch.remove();
  }
}
