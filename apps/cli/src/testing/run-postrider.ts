import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `postrider` that runs until it ends by itself or by a signal. */
export interface RunningPostrider {
  /** Resolves with the URL of its `ready` line. */
  readonly ready: Promise<string>;
  readonly interrupt: () => void;
  readonly outcome: Promise<Outcome>;
}

export interface PostriderOptions {
  readonly address?: string;
  readonly input?: string | Buffer;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs the real command line in a process of its own, and waits for its end. */
export async function runPostrider(args: readonly string[], options: PostriderOptions = {}): Promise<Outcome> {
  return await startPostrider(args, options).outcome;
}

/** Starts the real command line in a process of its own. */
export function startPostrider(args: readonly string[], options: PostriderOptions = {}): RunningPostrider {
  const address = options.address === undefined ? {} : { POSTRIDER_GRPC_ADDRESS: options.address };
  const child = spawn(process.execPath, [MAIN, ...args], {
    // Nothing is inherited: a setting of the developer must not change a test.
    env: { ...address, ...options.environment },
  });
  child.stdin.end(options.input ?? "");
  const ready = findReady(child);
  // Who only waits for the end does not care that there was no ready line.
  ready.catch(() => undefined);
  return {
    ready,
    interrupt: () => child.kill("SIGINT"),
    outcome: Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]).then(([stdout, stderr]) => ({
      exitCode: child.exitCode,
      stdout,
      stderr,
    })),
  };
}

async function findReady(child: ChildProcessWithoutNullStreams): Promise<string> {
  return await new Promise((resolve, reject) => {
    for (const output of [child.stdout, child.stderr]) {
      createInterface(output).on("line", (line) => {
        if (line.startsWith("ready ")) resolve(line.slice("ready ".length));
      });
    }
    child.once("close", () => {
      reject(new Error("it ended before it was ready"));
    });
  });
}
