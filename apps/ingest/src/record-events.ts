import { type LogWriter, LogError } from "@postrider/kit-event-log";
import { RpcError } from "@postrider/kit-rpc";
import { encodeEvent } from "@postrider/records";
import type { CheckedEvent } from "./accept-event.ts";

/** What may wait for the log at a time. More is refused, so that a slow log can't fill the memory. */
const MAX_PENDING_BYTES = 64 * 1024 * 1024;
/** What an event costs beside its data: headers, promises, the call. */
const EVENT_OVERHEAD_BYTES = 1024;
/** What a refused producer is asked to wait; the log usually takes a full buffer in less. */
const RETRY_DELAY_MS = 200;

/** Appends events; resolves with the time of acceptance when all are durable. */
export type RecordEvents = (events: readonly CheckedEvent[]) => Promise<number>;

/**
 * @throws (the returned function) {RpcError} resource_exhausted when too much waits already; unavailable when the log
 * could not make the events durable: then they were not accepted
 */
export function createRecordEvents(writer: LogWriter): RecordEvents {
  let pendingBytes = 0;
  return async (events) => {
    const bytes = events.reduce((sum, { data }) => sum + data.byteLength + EVENT_OVERHEAD_BYTES, 0);
    if (pendingBytes + bytes > MAX_PENDING_BYTES) throw bufferFull(pendingBytes);
    pendingBytes += bytes;
    try {
      const { appendedAtMs } = await writer.append(events.map(encodeEvent));
      return appendedAtMs;
    } catch (error) {
      throw notDurable(error);
    } finally {
      pendingBytes -= bytes;
    }
  };
}

function bufferFull(pendingBytes: number): RpcError {
  const text = `${pendingBytes} bytes of events wait for the log already, of at most ${MAX_PENDING_BYTES}`;
  return new RpcError("resource_exhausted", text, { retryDelayMs: RETRY_DELAY_MS });
}

function notDurable(error: unknown): unknown {
  if (!(error instanceof LogError)) return error;
  return new RpcError("unavailable", `the event was not accepted: ${error.message}`, { cause: error });
}
