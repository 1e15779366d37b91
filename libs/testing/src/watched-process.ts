import type { ChildProcess } from "node:child_process";
import { createWatchers } from "./wait-for.ts";

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process whose words and end can be waited for. It goes with this process, whatever ends that. */
export interface WatchedProcess {
  readonly pid: number;
  /** What it printed on both streams: all of it, or the last `keptChars`. */
  readonly output: () => string;
  /** Undefined while it runs. */
  readonly exit: () => Exit | undefined;
  /** What matched in its output. @throws Error with its words when it ends before, or takes longer */
  readonly untilPrinted: (pattern: RegExp, deadlineMs: number) => Promise<RegExpExecArray>;
  /** @throws Error with its words when it takes longer */
  readonly untilEnded: (deadlineMs: number) => Promise<Exit>;
}

export interface WatchProcessOptions {
  /** In messages. */
  readonly name: string;
  readonly keptChars?: number;
}

/** @param child with pipes for its standard output and error */
export function watchProcess(child: ChildProcess, { name, keptChars = Infinity }: WatchProcessOptions): WatchedProcess {
  const watchers = createWatchers();
  let output = "";
  let exit: Exit | undefined;
  const read = (chunk: Buffer): void => {
    output += chunk.toString();
    if (output.length > keptChars) output = output.slice(-keptChars);
    watchers.changed();
  };
  child.stdout?.on("data", read);
  child.stderr?.on("data", read);
  const kill = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", kill);
  child.once("exit", (code, signal) => {
    process.removeListener("exit", kill);
    exit = { code, signal };
    watchers.changed();
  });
  return {
    pid: child.pid ?? 0,
    output: () => output,
    exit: () => exit,
    untilPrinted: async (pattern, deadlineMs) => {
      await watchers.waitUntil(
        () => pattern.test(output) || exit !== undefined,
        () => `${name} was not ready; its last words:\n${output}`,
        deadlineMs,
      );
      const match = pattern.exec(output);
      if (match === null) throw new Error(`${name} ended before it was ready; its last words:\n${output}`);
      return match;
    },
    untilEnded: async (deadlineMs) => {
      await watchers.waitUntil(
        () => exit !== undefined,
        () => `${name} did not end; its last words:\n${output}`,
        deadlineMs,
      );
      return exit ?? { code: null, signal: null };
    },
  };
}
