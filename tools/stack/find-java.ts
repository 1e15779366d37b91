import { join } from "node:path";
import { runCommand } from "./run-command.ts";
import { installLine, StackUnavailableError } from "./stack-unavailable.ts";

/** Kafka 4's brokers need it. */
const oldestMajor = 17;

export interface Java {
  readonly program: string;
  /** As it says itself: 17.0.15. */
  readonly version: string;
}

/** The first Java that is new enough: JAVA_HOME's, the PATH's, or Homebrew's, which is in no PATH. @throws StackUnavailableError */
export async function findJava(): Promise<Java> {
  const home = process.env["JAVA_HOME"];
  const candidates = [
    ...(home === undefined ? [] : [join(home, "bin", "java")]),
    "java",
    "/opt/homebrew/opt/openjdk@17/bin/java",
    "/usr/local/opt/openjdk@17/bin/java",
  ];
  const tooOld: string[] = [];
  for (const program of candidates) {
    const version = await findVersion(program);
    if (version === undefined) continue;
    if (parseMajor(version) >= oldestMajor) return { program, version };
    tooOld.push(version);
  }
  const found = tooOld.length === 0 ? "there is none" : `found ${tooOld.join(", ")}`;
  throw new StackUnavailableError(`Kafka needs Java ${oldestMajor} or newer (${found}): ${installLine}`);
}

async function findVersion(program: string): Promise<string | undefined> {
  const result = await runCommand([program, "-version"], { timeoutMs: 30_000 });
  return "output" in result ? /version "([^"]+)"/.exec(result.output)?.[1] : undefined;
}

/** The major number of a Java version; 1.8 was the eighth. */
function parseMajor(version: string): number {
  const [first = "0", second = "0"] = version.split(/[._-]/);
  return Number(first === "1" ? second : first);
}
