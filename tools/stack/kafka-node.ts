// One node of Kafka as a process: its folder, its start, its death.
import { randomBytes } from "node:crypto";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { KafkaDistribution } from "./fetch-kafka.ts";
import { type GuardedProcess, startGuarded } from "./guarded-process.ts";
import { encodeProperties } from "./kafka-properties.ts";

const logSettings = fileURLToPath(new URL("kafka/log4j2.properties", import.meta.url));

/** An id as Kafka writes them: 16 bytes in base64, as in URLs. */
export function createKafkaId(): string {
  // Kafka's own never begin with a dash, and few are all zeros.
  return randomBytes(16).toString("base64url").replace(/^-/, "A");
}

export interface NodeFolder {
  /** Holds the settings, the log of the process, and the data. */
  readonly folder: string;
  readonly clusterId: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** Makes a node's folder as Kafka's `storage format` would, in a thousandth of its time. */
export async function formatNode({ folder, clusterId, properties }: NodeFolder, checkpoint: string): Promise<void> {
  const dataFolder = properties["log.dirs"] ?? folder;
  await mkdir(dataFolder, { recursive: true });
  await copyFile(checkpoint, join(dataFolder, "bootstrap.checkpoint"));
  const identity = {
    version: "1",
    "cluster.id": clusterId,
    "node.id": properties["node.id"] ?? "1",
    "directory.id": createKafkaId(),
  };
  await writeFile(join(dataFolder, "meta.properties"), encodeProperties(identity));
  await writeFile(join(folder, "server.properties"), encodeProperties(properties));
}

/** Starts the process of a node on its folder. `archiving` are the flags of the class archive, read or written. */
export async function startNodeProcess(
  { java, classPath }: KafkaDistribution,
  folder: string,
  archiving: readonly string[],
): Promise<GuardedProcess> {
  // Half a second of start, and megabytes of memory: these are for short lives on few cores.
  const flags = ["-Xms192m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"];
  const settings = ["-Djava.awt.headless=true", `-Dlog4j2.configurationFile=${logSettings}`];
  const main = ["-cp", classPath, "kafka.Kafka", join(folder, "server.properties")];
  return await startGuarded([java.program, ...flags, ...archiving, ...settings, ...main], {
    logFile: join(folder, "server.log"),
    env: { PATH: process.env["PATH"], LC_ALL: "C" },
    orphanSignal: "KILL",
  });
}
