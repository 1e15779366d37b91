// Runs a server so that it never outlives this process, not even when this process is killed with -9.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { Socket } from "node:net";
import type { Account } from "./account.ts";

/** No server takes a tenth of that to end. */
const endTimeoutMs = 15_000;
/** Enough of a log to see why a server ended. */
const shownLines = 20;

/**
 * Before the shell becomes the server, it leaves a guard in the server's process group. The guard waits for the end of
 * file descriptor 3, whose other end only we have: when that comes, we are gone or have seen the server end. While the
 * guard is there, no other process gets the server's id. What ignores the first signal ($0) for 3 s gets the last.
 */
const launchScript = `
(
  trap '' INT HUP TERM
  read -r _ <&3
  kill -s "$0" $$ 2>/dev/null
  n=0
  while kill -0 $$ 2>/dev/null && [ $n -lt 60 ]; do sleep 0.05; n=$((n + 1)); done
  kill -s KILL -- -$$
) &
exec "$@" 3<&-
`;

export interface GuardedOptions {
  /** Gets what the server says. */
  readonly logFile: string;
  readonly env: NodeJS.ProcessEnv;
  /** Who it runs as: us, by default. */
  readonly account?: Account | undefined;
  /** What it gets when this process is gone. */
  readonly orphanSignal: "KILL" | "QUIT";
}

export interface GuardedProcess {
  /** Of the server itself: signals hit it, and not a shell. */
  readonly pid: number;
  /** Resolves with how it ended ("SIGKILL", "exit 1"). */
  readonly ended: Promise<string>;
  /** Sends the signal, and waits until it has ended. */
  readonly end: (signal: NodeJS.Signals) => Promise<void>;
  /** The last lines of its log. */
  readonly readLog: () => string;
}

/** @throws when the shell can't be started */
export async function startGuarded(
  command: readonly [string, ...string[]],
  options: GuardedOptions,
): Promise<GuardedProcess> {
  const log = openSync(options.logFile, "a");
  const child = spawn("/bin/sh", ["-c", launchScript, options.orphanSignal, ...command], {
    cwd: "/",
    env: options.env,
    // A process group of its own: Ctrl-C in a terminal reaches us alone, and we end it in order.
    detached: true,
    stdio: ["ignore", log, log, "pipe"],
    ...options.account,
  });
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => {
      child.stdio[3]?.destroy();
      resolve(signal ?? `exit ${code ?? "?"}`);
    });
  });
  await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  // A server whose starter has nothing more to do shall not keep it alive.
  child.unref();
  if (child.stdio[3] instanceof Socket) child.stdio[3].unref();
  return {
    pid: child.pid ?? 0,
    ended,
    end: (signal) => endChild(child, ended, signal),
    readLog: () => readFileSync(options.logFile, "utf8").trimEnd().split("\n").slice(-shownLines).join("\n"),
  };
}

async function endChild(child: ChildProcess, ended: Promise<string>, signal: NodeJS.Signals): Promise<void> {
  child.ref();
  const timer = setTimeout(() => child.kill("SIGKILL"), endTimeoutMs);
  child.kill(signal);
  await ended;
  clearTimeout(timer);
}
