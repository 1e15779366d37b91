import type { handleServerStreamingCall, handleUnaryCall } from "@grpc/grpc-js";
import { EventStoreError } from "@postrider/kit-event-store";
import { type Caller, type Produce, RpcError, serverStream, unaryForCaller } from "@postrider/kit-rpc";
import { SecretsError } from "@postrider/kit-secrets";

/** Serves an async function, which is told who calls; a store or a secret that can't be used is told as such. */
export function answer<Request, Response>(
  handler: (request: Request, caller: Caller) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return unaryForCaller(handler, asRpcError);
}

/** Serves an endless answer; a store that can't be used is told as such. */
export function answerStream<Request, Response>(
  produce: Produce<Request, Response>,
): handleServerStreamingCall<Request, Response> {
  return serverStream(async function* (request: Request, signal): AsyncGenerator<Response, void, undefined> {
    try {
      yield* produce(request, signal);
    } catch (error) {
      throw asRpcError(error);
    }
  });
}

function asRpcError(error: unknown): unknown {
  // Another instance may have the key already, or this one after its next start: it is worth another try.
  if (error instanceof SecretsError) return new RpcError("unavailable", error.message, { cause: error });
  if (!(error instanceof EventStoreError) || error.code !== "unavailable") return error;
  return new RpcError("unavailable", "the store can't be used now: try again", { cause: error });
}
