import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createWatchers } from "@postrider/testing";

/** The standalone platform in a process of its own, on a folder of its own. */
export interface PlatformProcess {
  readonly grpcAddress: string;
  readonly adminAddress: string;
  /** Everything that it printed so far, on both streams. */
  readonly output: () => string;
  /** Sends the signal and resolves with how the process ended. */
  readonly stop: (signal: "SIGTERM" | "SIGKILL") => Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

export interface StartPlatformOptions {
  readonly dataDir: string;
  /** host:port; any free port by default. A restart that should be found again takes the address that it had. */
  readonly grpcAddress?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Shell words in front of the platform, such as a limit on the size of files. */
  readonly shellPrefix?: string;
}

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const READY = /ready: gRPC on (\S+), admin on http:\/\/([^,\s]+)/;
const READY_DEADLINE_MS = 30_000;

/** A new folder for a platform's data; removed when `remove` is called. */
export function createDataDir(): { dataDir: string; remove: () => void } {
  const dataDir = mkdtempSync(join(tmpdir(), "postrider-test-"));
  return {
    dataDir,
    remove: () => {
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Starts the platform and resolves when it is ready. @throws Error with its output when it ends before that */
export async function startPlatform(options: StartPlatformOptions): Promise<PlatformProcess> {
  const child = spawnPlatform(options);
  const watchers = createWatchers();
  let output = "";
  let exit: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
    watchers.changed();
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  // A test that fails half way must not leave its platform running.
  const kill = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", kill);
  child.on("exit", (code, signal) => {
    process.removeListener("exit", kill);
    exit = { code, signal };
    watchers.changed();
  });
  await watchers.waitUntil(
    () => READY.test(output) || exit !== undefined,
    () => `the platform was not ready: ${output}`,
    READY_DEADLINE_MS,
  );
  const [, grpcAddress, adminAddress] = READY.exec(output) ?? [];
  if (grpcAddress === undefined || adminAddress === undefined)
    throw new Error(`the platform ended at start: ${output}`);
  return {
    grpcAddress,
    adminAddress,
    output: () => output,
    stop: async (signal) => {
      child.kill(signal);
      await watchers.waitUntil(
        () => exit !== undefined,
        () => `the platform did not end at ${signal}: ${output}`,
        READY_DEADLINE_MS,
      );
      return exit ?? { code: null, signal: null };
    },
  };
}

function spawnPlatform({
  dataDir,
  grpcAddress = "127.0.0.1:0",
  environment,
  shellPrefix,
}: StartPlatformOptions): ChildProcess {
  const env = {
    ...process.env,
    POSTRIDER_GRPC_ADDRESS: grpcAddress,
    POSTRIDER_ADMIN_ADDRESS: "127.0.0.1:0",
    POSTRIDER_DATA_DIR: dataDir,
    ...environment,
  };
  if (shellPrefix === undefined) return spawn(process.execPath, [MAIN], { env, stdio: ["ignore", "pipe", "pipe"] });
  const script = `${shellPrefix}; exec "$0" "$1"`;
  return spawn("bash", ["-c", script, process.execPath, MAIN], { env, stdio: ["ignore", "pipe", "pipe"] });
}
