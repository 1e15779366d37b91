import { type Clock, pause } from "@postrider/kit-lifecycle";
import { Client, type ClientConfig, escapeIdentifier } from "pg";
import { readWords } from "./as-postgres-error.ts";

const FIRST_PAUSE_MS = 100;
/** A server that is away for long is asked this often, by each process: soon after its return everything is heard again. */
const LONGEST_PAUSE_MS = 1000;

export interface Listening {
  readonly config: ClientConfig;
  readonly clock: Clock;
  readonly channel: string;
  /** With a payload: a notification. Without: listening has begun, or begun again. */
  readonly onNotification: (payload: string | undefined) => void;
  readonly onNotice: (message: string) => void;
}

/** Listens until the signal aborts, on one connection after another. Never rejects. */
export async function keepListening(listening: Listening, signal: AbortSignal): Promise<void> {
  const { clock, channel, onNotice } = listening;
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    const { hadBegun, reason } = await listenOnce(listening, signal);
    if (isAborted(signal)) return;
    if (hadBegun) pauseMs = FIRST_PAUSE_MS;
    onNotice(`does not hear of "${channel}" now, tries again in ${pauseMs} ms: ${reason}`);
    await pause(clock, pauseMs, signal);
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  }
}

/** Listens until the connection or the signal ends it. */
async function listenOnce(
  { config, channel, onNotification }: Listening,
  signal: AbortSignal,
): Promise<{ readonly hadBegun: boolean; readonly reason: string }> {
  const client = new Client(config);
  const ended = Promise.withResolvers<string>();
  const stop = (): void => {
    ended.resolve("ended");
  };
  client.on("error", (error) => {
    ended.resolve(readWords(error));
  });
  client.on("end", stop);
  client.on("notification", ({ payload = "" }) => {
    onNotification(payload);
  });
  signal.addEventListener("abort", stop);
  let hadBegun = false;
  try {
    await client.connect();
    await client.query(`LISTEN ${escapeIdentifier(channel)}`);
    hadBegun = true;
    if (!signal.aborted) onNotification(undefined);
    return { hadBegun, reason: await ended.promise };
  } catch (error) {
    return { hadBegun, reason: readWords(error) };
  } finally {
    signal.removeEventListener("abort", stop);
    // What is dead has nothing left to end.
    await client.end().catch(() => undefined);
  }
}

/** A call, because the compiler takes a property that was false for false. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
