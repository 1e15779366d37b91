import type { handleUnaryCall, ServerUnaryCall } from "@grpc/grpc-js";
import { type Caller, callerOf } from "./access.ts";
import { encodeServiceError } from "./error-details.ts";
import { reportUnexpected } from "./unexpected.ts";

/**
 * Serves an async function as a unary handler: the one place where a failure becomes a gRPC status. Whatever is not an
 * RpcError is a defect: the caller reads only "internal error", and {@link reportUnexpected} tells the operator.
 */
export function unary<Request, Response>(
  handler: (request: Request, call: ServerUnaryCall<Request, Response>) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    handler(call.request, call).then(
      (response) => {
        callback(null, response);
      },
      (error: unknown) => {
        reportUnexpected(error, call.getPath());
        callback(encodeServiceError(error));
      },
    );
  };
}

/**
 * The same for a handler that has to know who calls, and nothing else of the call.
 * @param translate puts a failure into an RpcError where the caller can do something about it; gives back all others
 */
export function unaryForCaller<Request, Response>(
  handler: (request: Request, caller: Caller) => Promise<Response>,
  translate: (error: unknown) => unknown,
): handleUnaryCall<Request, Response> {
  return unary(async (request: Request, call) => {
    try {
      return await handler(request, callerOf(call));
    } catch (error) {
      throw translate(error);
    }
  });
}
