import { setTimeout as sleep } from "node:timers/promises";
import type { GuardedProcess } from "./guarded-process.ts";

const pollMs = 30;

export interface Waiting {
  /** Named in errors. */
  readonly name: string;
  readonly server: GuardedProcess;
  readonly timeoutMs: number;
}

/**
 * Asks until the server answers.
 * @throws with the last lines of its log when it ends before, or doesn't answer in time
 */
export async function untilAnswers({ name, server, timeoutMs }: Waiting, ask: () => Promise<boolean>): Promise<void> {
  let how: string | undefined;
  void server.ended.then((end) => (how = `ended with ${end} before it answered`));
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await ask())) {
    if (performance.now() > deadlineMs) how ??= `did not answer within ${timeoutMs} ms`;
    if (how !== undefined) throw new Error(`${name} ${how}; the end of its log:\n${server.readLog()}`);
    await sleep(pollMs);
  }
}
