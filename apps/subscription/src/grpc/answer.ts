import type { handleServerStreamingCall, handleUnaryCall, ServerWritableStream } from "@grpc/grpc-js";
import { EventStoreError } from "@postrider/kit-event-store";
import { encodeServiceError, reportUnexpected, RpcError, unary } from "@postrider/kit-rpc";

/** Serves an async function; a store that can't be used is told as such. */
export function answer<Request, Response>(
  handler: (request: Request) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return unary(async (request: Request) => {
    try {
      return await handler(request);
    } catch (error) {
      throw asRpcError(error);
    }
  });
}

type Produce<Request, Response> = (request: Request, signal: AbortSignal) => AsyncIterable<Response>;

/**
 * Serves an endless answer: one message is asked for when the one before is on its way, so a slow reader holds up only
 * itself. The signal aborts when the caller is gone.
 */
export function answerStream<Request, Response>(
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
      const known = asRpcError(error);
      reportUnexpected(known, call.getPath());
      call.emit("error", encodeServiceError(known));
    });
  };
}

async function pump<Request, Response>(
  call: ServerWritableStream<Request, Response>,
  produce: Produce<Request, Response>,
  signal: AbortSignal,
): Promise<void> {
  for await (const message of produce(call.request, signal)) {
    if (signal.aborted) return;
    if (!call.write(message)) await waitForDrain(call, signal);
  }
  call.end();
}

async function waitForDrain(call: ServerWritableStream<unknown, unknown>, signal: AbortSignal): Promise<void> {
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

function asRpcError(error: unknown): unknown {
  if (!(error instanceof EventStoreError) || error.code !== "unavailable") return error;
  return new RpcError("unavailable", "the store can't be used now: try again", { cause: error });
}
