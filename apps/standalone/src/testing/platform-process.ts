import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Exit, watchProcess } from "@postrider/testing";

/** The standalone platform in a process of its own, on a folder of its own. */
export interface PlatformProcess {
  readonly grpcAddress: string;
  readonly adminAddress: string;
  /** Everything that it printed so far, on both streams. */
  readonly output: () => string;
  /** Sends the signal and resolves with how the process ended. */
  readonly stop: (signal: "SIGTERM" | "SIGKILL") => Promise<Exit>;
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
  const watched = watchProcess(child, { name: "the platform" });
  const [, grpcAddress = "", adminAddress = ""] = await watched.untilPrinted(READY, READY_DEADLINE_MS);
  return {
    ...{ grpcAddress, adminAddress, output: watched.output },
    stop: async (signal) => {
      child.kill(signal);
      return watched.untilEnded(READY_DEADLINE_MS);
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
