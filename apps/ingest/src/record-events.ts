import { type LogWriter, LogError } from "@postrider/kit-event-log";
import type { Clock } from "@postrider/kit-lifecycle";
import { RpcError } from "@postrider/kit-rpc";
import { encodeEvent } from "@postrider/records";
import type { CheckedEvent } from "./accept-event.ts";

/** What may wait for the log at a time. More is refused, so that a slow log can't fill the memory. */
const MAX_PENDING_BYTES = 64 * 1024 * 1024;
/** What an event costs beside its data: headers, promises, the call. */
const EVENT_OVERHEAD_BYTES = 1024;
/** What a refused producer is asked to wait; the log usually takes a full buffer in less. */
const RETRY_DELAY_MS = 200;

/** A producer that sets no deadline is answered after this long at the latest. */
const LONGEST_WAIT_MS = 10_000;
/**
 * How long before the producer's deadline it is answered, so that it reads why instead of its own clock: a share of what
 * it gave, because with thousands of calls waiting the answers alone take that long; never less than it takes an answer
 * to get there, and never more than half.
 */
const ANSWER_AHEAD_SHARE = 0.1;
const LEAST_ANSWER_AHEAD_MS = 100;

/**
 * Appends events; resolves with the time of acceptance when all are durable.
 * @param deadlineMs when the producer stops waiting for the answer, milliseconds since the epoch
 */
export type RecordEvents = (events: readonly CheckedEvent[], deadlineMs?: number) => Promise<number>;

/**
 * @throws (the returned function) {RpcError} resource_exhausted when too much waits already; unavailable when the log
 * could not make the events durable, or did not in time: then they were not accepted
 */
export function createRecordEvents(writer: LogWriter, clock: Pick<Clock, "nowMs" | "after">): RecordEvents {
  let pendingBytes = 0;

  /** Holds the bytes until the log has let go of them, however long the producer has waited. */
  async function append(events: readonly CheckedEvent[], bytes: number): Promise<number> {
    pendingBytes += bytes;
    try {
      const { appendedAtMs } = await writer.append(events.map(encodeEvent));
      return appendedAtMs;
    } catch (error) {
      throw notDurable(error);
    } finally {
      pendingBytes -= bytes;
    }
  }

  return async (events, deadlineMs = Infinity) => {
    const bytes = events.reduce((sum, { data }) => sum + data.byteLength + EVENT_OVERHEAD_BYTES, 0);
    if (pendingBytes + bytes > MAX_PENDING_BYTES) throw bufferFull(pendingBytes);
    return answerInTime(append(events, bytes), clock, deadlineMs - clock.nowMs());
  };
}

/** The append goes on alone if it takes too long: what it makes durable may still be delivered, as the answer says. */
async function answerInTime(append: Promise<number>, clock: Pick<Clock, "after">, leftMs: number): Promise<number> {
  const latestMs = Math.min(leftMs - LEAST_ANSWER_AHEAD_MS, leftMs * (1 - ANSWER_AHEAD_SHARE));
  const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(latestMs, leftMs / 2));
  return new Promise<number>((resolve, reject) => {
    const cancel = clock.after(Math.max(0, waitMs), () => {
      reject(new RpcError("unavailable", `${NOT_IN_TIME} (after ${Math.round(waitMs)} ms)`));
    });
    void append.then(resolve, reject).finally(cancel);
  });
}

const NOT_IN_TIME =
  "the log did not confirm the event in time, so it was not accepted, though it may still be delivered: publish it again under the same id";

function bufferFull(pendingBytes: number): RpcError {
  const text = `${pendingBytes} bytes of events wait for the log already, of at most ${MAX_PENDING_BYTES}`;
  return new RpcError("resource_exhausted", text, { retryDelayMs: RETRY_DELAY_MS });
}

function notDurable(error: unknown): unknown {
  if (!(error instanceof LogError)) return error;
  return new RpcError("unavailable", `the event was not accepted: ${error.message}`, { cause: error });
}
