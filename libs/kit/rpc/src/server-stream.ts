import type { handleServerStreamingCall, ServerWritableStream } from "@grpc/grpc-js";
import { encodeServiceError } from "./error-details.ts";
import { reportUnexpected } from "./unexpected.ts";

/** Makes the messages of an answer; the signal aborts when the caller is gone, or the server closes. */
export type Produce<Request, Response> = (request: Request, signal: AbortSignal) => AsyncIterable<Response>;

/**
 * Serves an iterable as a server-streaming handler: one message is asked for when the one before is on its way, so a
 * slow reader holds up only itself. Failures are told as by `unary`.
 */
export function serverStream<Request, Response>(
  produce: Produce<Request, Response>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const gone = new AbortController();
    const leave = (): void => {
      gone.abort();
    };
    call.once("cancelled", leave);
    call.once("close", leave);
    pump(call, produce, gone.signal).catch((error: unknown) => {
      // What waits with the caller's signal rejects with its reason: there is nobody left to tell.
      if (gone.signal.aborted && error === gone.signal.reason) return;
      reportUnexpected(error, call.getPath());
      call.emit("error", encodeServiceError(error));
    });
  };
}

async function pump<Request, Response>(
  call: ServerWritableStream<Request, Response>,
  produce: Produce<Request, Response>,
  signal: AbortSignal,
): Promise<void> {
  for await (const message of produce(call.request, signal)) {
    // The server ends its streams when it closes; what is written after the end would be an error.
    if (signal.aborted || call.writableEnded) return;
    if (!call.write(message)) await untilDrained(call, signal);
  }
  if (!call.writableEnded) call.end();
}

async function untilDrained(call: ServerWritableStream<unknown, unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const go = (): void => {
      call.off("drain", go);
      signal.removeEventListener("abort", go);
      resolve();
    };
    call.once("drain", go);
    signal.addEventListener("abort", go);
  });
}
