// A service of Postrider in a process of its own, as operators run it: its main file, and settings by environment.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { type Exit, watchProcess } from "@postrider/testing";
import { root } from "../walls/workspace.ts";

export type ServiceName = "ingest" | "subscription" | "dispatcher" | "ledger" | "standalone";

export interface ServiceProcess {
  readonly name: ServiceName;
  readonly pid: number;
  /** host:port; empty for one that takes no calls. */
  readonly grpcAddress: string;
  readonly adminAddress: string;
  /** From the start of the process to the line that says it is ready. */
  readonly readyMs: number;
  /** The last of what it printed, on both streams. */
  readonly output: () => string;
  readonly exit: () => Exit | undefined;
  /** Resolves when it has ended, by whatever cause. */
  readonly untilEnded: () => Promise<Exit>;
  /** Sends the signal and resolves when it has ended. */
  readonly stop: (signal: "SIGTERM" | "SIGKILL") => Promise<Exit>;
}

export interface ServiceOptions {
  readonly name: ServiceName;
  /** POSTRIDER_... of this service; addresses default to any free port. */
  readonly environment: Readonly<Record<string, string>>;
  /** Flags of Node. */
  readonly nodeArguments?: readonly string[];
}

const READY = /ready:(?: gRPC on (\S+),)? admin on http:\/\/([^,\s]+)/;
const READY_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 60_000;
/** Enough to see why it ended. */
const KEPT_CHARS = 20_000;

/** Starts it and resolves when it says that it is ready. @throws Error with its last words when it ends before */
export async function startService({ name, environment, nodeArguments = [] }: ServiceOptions): Promise<ServiceProcess> {
  const startedMs = performance.now();
  const child = spawnService({ name, environment, nodeArguments });
  const watched = watchProcess(child, { name, keptChars: KEPT_CHARS });
  const [, grpcAddress = "", adminAddress = ""] = await watched.untilPrinted(READY, READY_DEADLINE_MS);
  const readyMs = performance.now() - startedMs;
  const untilEnded = async (): Promise<Exit> => watched.untilEnded(STOP_DEADLINE_MS);
  return {
    ...{ name, pid: watched.pid, grpcAddress, adminAddress, readyMs, untilEnded },
    ...{ output: watched.output, exit: watched.exit },
    stop: async (signal) => {
      child.kill(signal);
      return untilEnded();
    },
  };
}

/** Starts it, and waits for nothing. */
export function spawnService({ name, environment, nodeArguments = [] }: ServiceOptions): ChildProcess {
  const env = {
    PATH: process.env["PATH"],
    POSTRIDER_ADMIN_ADDRESS: "127.0.0.1:0",
    POSTRIDER_GRPC_ADDRESS: "127.0.0.1:0",
    // Receivers of tests are on loopback, at any port, most of them without certificates.
    POSTRIDER_EGRESS_ALLOW: "127.0.0.0/8",
    POSTRIDER_EGRESS_PORTS: "any",
    POSTRIDER_EGRESS_HTTP: "allow",
    ...environment,
  };
  const main = join(root, "apps", name, "src", "main.ts");
  return spawn(process.execPath, [...nodeArguments, main], { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
}
