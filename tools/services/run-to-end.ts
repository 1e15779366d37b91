// A service that is expected to end by itself, such as one that can't start.
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { type ServiceOptions, spawnService } from "./service-process.ts";

export interface ServiceEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

/** Resolves when it has ended; kills it after the deadline, which leaves no exit code. */
export async function runToEnd(options: ServiceOptions, deadlineMs: number): Promise<ServiceEnd> {
  const startedMs = performance.now();
  const child = spawnService(options);
  const kill = (): void => {
    child.kill("SIGKILL");
  };
  const timer = setTimeout(kill, deadlineMs);
  process.once("exit", kill);
  const [, stdout, stderr] = await Promise.all([
    once(child, "exit"),
    child.stdout ? text(child.stdout) : "",
    child.stderr ? text(child.stderr) : "",
  ]);
  clearTimeout(timer);
  process.removeListener("exit", kill);
  return { code: child.exitCode, stdout, stderr, tookMs: performance.now() - startedMs };
}
