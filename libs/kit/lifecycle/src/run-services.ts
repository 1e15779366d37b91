import { type Clock, untilAborted } from "./clock.ts";

/**
 * The contract of everything long-lived: it runs until the signal aborts, then finishes or leaves what it has in hand
 * and resolves. Rejecting means that it can't go on.
 */
export interface Service {
  readonly name: string;
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export interface RunServicesOptions {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** How long the services may take to end after the signal; milliseconds. */
  readonly graceMs: number;
}

/**
 * Runs services side by side. When the signal aborts, or one of them fails, they are stopped one by one in reverse
 * order, so that each can still use what was started before it.
 * @throws the first failure, or an Error that names what did not end within the grace time
 */
export async function runServices(services: readonly Service[], options: RunServicesOptions): Promise<void> {
  const running = services.map(startService);
  const firstFailure = Promise.race(running.map(async ({ ended }) => ended));
  await Promise.race([untilAborted(options.signal), firstFailure.catch(() => undefined)]);
  await stopInReverse(running, options);
  await Promise.all(running.map(async ({ ended }) => ended));
}

interface RunningService {
  readonly name: string;
  readonly stop: () => void;
  readonly ended: Promise<void>;
}

function startService({ name, run }: Service): RunningService {
  const stopping = new AbortController();
  const ended = run(stopping.signal);
  // Looked at when everything has stopped; until then a rejection is not unhandled.
  ended.catch(() => undefined);
  return {
    name,
    ended,
    stop: () => {
      stopping.abort();
    },
  };
}

async function stopInReverse(
  running: readonly RunningService[],
  { clock, graceMs }: RunServicesOptions,
): Promise<void> {
  const deadline = clock.nowMs() + graceMs;
  for (const { name, stop, ended } of running.toReversed()) {
    stop();
    await withDeadline(ended, { clock, delayMs: Math.max(0, deadline - clock.nowMs()), name });
  }
}

async function withDeadline(
  ended: Promise<void>,
  limit: { clock: Clock; delayMs: number; name: string },
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const cancel = limit.clock.after(limit.delayMs, () => {
      reject(new Error(`${limit.name} did not end within the grace time`));
    });
    const finish = (): void => {
      cancel();
      resolve();
    };
    ended.then(finish, finish);
  });
}
