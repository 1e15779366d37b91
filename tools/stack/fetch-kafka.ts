// Gets Kafka's jars: with Maven into the cache, or from a Kafka that is unpacked somewhere already.
import { existsSync, globSync, readFileSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cachePath, hashOf, makeOnce } from "./cache-folder.ts";
import { findJava, type Java } from "./find-java.ts";
import { runCommand } from "./run-command.ts";
import { installLine, StackUnavailableError } from "./stack-unavailable.ts";
import { withProgress } from "./with-progress.ts";

const pom = fileURLToPath(new URL("kafka/pom.xml", import.meta.url));
const fetchTimeoutMs = 8 * 60_000;

/** Kafka's programs, and what runs them. */
export interface KafkaDistribution {
  readonly version: string;
  readonly java: Java;
  /** All jars in one fixed order: the class archive is for exactly this text. */
  readonly classPath: string;
  /** Its own folder in the cache, for what is made from it once. */
  readonly cacheFolder: string;
}

/** @throws StackUnavailableError when Java or Maven is missing, or Maven can't fetch it */
export async function fetchKafka(): Promise<KafkaDistribution> {
  const java = await findJava();
  const home = process.env["POSTRIDER_KAFKA_HOME"];
  if (home !== undefined && home !== "") return await describe(java, join(home, "libs"), "POSTRIDER_KAFKA_HOME");
  const version = /<kafka\.version>(.+)<\/kafka\.version>/.exec(readFileSync(pom, "utf8"))?.[1] ?? "";
  // Not only Kafka's version decides what is fetched: the others that stand in the pom do too.
  const folder = cachePath(`kafka-${version}-${await hashOf([pom])}`);
  const fetched = await makeOnce(join(folder, "fetched"), async (partialPath) => {
    await withProgress(`Fetching Kafka ${version} with Maven, once (43 MB)`, () => runMaven(partialPath));
  });
  return await describe(java, join(fetched, "lib"), folder);
}

/** Maven copies the jars to the folder `lib` beside its pom. */
async function runMaven(folder: string): Promise<void> {
  const copiedPom = join(folder, "pom.xml");
  await mkdir(folder);
  await copyFile(pom, copiedPom);
  const result = await runCommand(
    ["mvn", "-q", "-B", "-ntp", "--strict-checksums", "-f", copiedPom, "dependency:copy-dependencies"],
    { cwd: folder, timeoutMs: fetchTimeoutMs },
  );
  if ("output" in result) return;
  const { notFound, reason } = result.failure;
  throw new StackUnavailableError(
    notFound
      ? `Maven, which fetches Kafka, was not found: ${installLine}; or set POSTRIDER_KAFKA_HOME to an unpacked Kafka`
      : `Maven could not fetch Kafka (${reason})`,
  );
}

async function describe(java: Java, lib: string, origin: string): Promise<KafkaDistribution> {
  const jars = existsSync(lib) ? globSync(join(lib, "*.jar")).sort() : [];
  const server = jars.map((jar) => /^kafka_[\d.]+-(\d[\w.]*)\.jar$/.exec(basename(jar))?.[1]).find(Boolean);
  if (server === undefined) {
    throw new StackUnavailableError(`${origin}: ${lib} has no kafka_<scala>-<version>.jar, so it is not Kafka's libs`);
  }
  const cacheFolder = origin === "POSTRIDER_KAFKA_HOME" ? cachePath(`kafka-${server}-unpacked`) : origin;
  await mkdir(cacheFolder, { recursive: true });
  return { version: server, java, classPath: jars.join(":"), cacheFolder };
}
