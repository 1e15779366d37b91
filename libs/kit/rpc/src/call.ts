import { type CallOptions, type ClientUnaryCall, Metadata, type ServiceError } from "@grpc/grpc-js";

/** The shape of every unary method that ts-proto generates. */
type CallbackMethod<Request, Response> = (
  ...args: [
    request: Request,
    metadata: Metadata,
    options: CallOptions,
    callback: (error: ServiceError | null, response: Response) => void,
  ]
) => ClientUnaryCall;

export interface CallSettings {
  /** Required: a call without a deadline can wait forever. */
  readonly deadline: Date;
  readonly metadata?: Metadata;
  readonly signal?: AbortSignal;
}

/** Calls a unary method as a promise; the signal cancels the call. Rejects with grpc-js's ServiceError. */
export async function call<Request, Response>(
  method: CallbackMethod<Request, Response>,
  request: Request,
  { deadline, metadata = new Metadata(), signal }: CallSettings,
): Promise<Response> {
  signal?.throwIfAborted();
  return await new Promise((resolve, reject) => {
    const inFlight = method(request, metadata, { deadline }, (error, response) => {
      signal?.removeEventListener("abort", cancel);
      if (error) reject(error);
      else resolve(response);
    });
    function cancel(): void {
      inFlight.cancel();
    }
    signal?.addEventListener("abort", cancel, { once: true });
  });
}
