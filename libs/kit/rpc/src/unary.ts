import type { handleUnaryCall, ServerUnaryCall } from "@grpc/grpc-js";
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
