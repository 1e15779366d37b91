import { execFile } from "node:child_process";
import type { Account } from "./account.ts";

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly account?: Account | undefined;
}

/** How a command ended, when it did not succeed. */
export interface CommandFailure {
  /** It isn't there, or isn't for us to run. */
  readonly notFound: boolean;
  /** One line: its exit code and the last line that it said. */
  readonly reason: string;
}

/** Runs a command that ends by itself. Resolves with a failure instead of throwing, and with all that it said otherwise. */
export async function runCommand(
  [program, ...args]: readonly [string, ...string[]],
  { timeoutMs, account, ...options }: CommandOptions,
): Promise<{ readonly output: string } | { readonly failure: CommandFailure }> {
  const settings = { ...options, ...account, timeout: timeoutMs, killSignal: "SIGKILL", maxBuffer: 1 << 26 } as const;
  return await new Promise((resolve) => {
    execFile(program, args, { ...settings, encoding: "utf8" }, (error, stdout, stderr) => {
      const output = stdout + stderr;
      if (error === null) {
        resolve({ output });
        return;
      }
      const notFound = error.code === "ENOENT" || error.code === "EACCES";
      const how = error.killed ? `no end within ${timeoutMs} ms` : `exit ${error.code ?? error.signal ?? "?"}`;
      // The first line that is marked as an error says more than the last: Maven ends with links to its manual.
      const lines = output.split("\n").filter((line) => line.trim() !== "");
      const line = lines.find((text) => /error/i.test(text)) ?? lines.at(-1) ?? error.message;
      resolve({ failure: { notFound, reason: `${how}: ${line.trim()}` } });
    });
  });
}
