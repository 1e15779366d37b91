import { type CallOptions, type ClientReadableStream, Metadata } from "@grpc/grpc-js";

/** The shape of every server-streaming method that ts-proto generates. */
export type StreamMethod<Request, Response> = (
  ...args: [request: Request, metadata: Metadata, options: Partial<CallOptions>]
) => ClientReadableStream<Response>;

/** The first message of a stream did not come in the time it was given. */
export class LateMessage extends Error {
  override readonly name = "LateMessage";
}

export interface CallStreamSettings {
  /** Cancels the call and ends the iteration; an endless stream has no deadline instead. */
  readonly signal: AbortSignal;
  readonly metadata?: Metadata;
  /** How long the first message may take, in milliseconds; for streams whose server answers at once. Unbounded if absent. */
  readonly firstMessageMs?: number;
}

/**
 * Calls a server-streaming method; a message is read when it is asked for, so a slow reader holds back the server. Who
 * leaves the loop cancels the call. Ends with the stream, or when the signal aborts.
 * @throws grpc-js's ServiceError; {@link LateMessage}
 */
export async function* callStream<Request, Response>(
  method: StreamMethod<Request, Response>,
  request: Request,
  { signal, metadata = new Metadata(), firstMessageMs }: CallStreamSettings,
): AsyncGenerator<Response, void, undefined> {
  const isAborted = (): boolean => signal.aborted;
  if (isAborted()) return;
  const stream = method(request, metadata, {});
  const cancel = (): void => {
    stream.cancel();
  };
  // A cancelled call still emits its error, after the loop has left: without a listener that would end the process.
  stream.on("error", () => undefined);
  signal.addEventListener("abort", cancel, { once: true });
  const first = expectWithin(firstMessageMs, cancel);
  try {
    for await (const message of stream as AsyncIterable<Response>) {
      first.arrived();
      yield message;
    }
  } catch (error) {
    if (isAborted()) return;
    if (first.isLate()) throw new LateMessage(`no message came within ${firstMessageMs} ms`, { cause: error });
    throw error;
  } finally {
    first.arrived();
    signal.removeEventListener("abort", cancel);
    // grpc-js does not cancel a call whose stream is destroyed, which is what leaving the loop does.
    cancel();
  }
}

function expectWithin(delayMs: number | undefined, cancel: () => void): { arrived: () => void; isLate: () => boolean } {
  let isLate = false;
  const expire = (): void => {
    isLate = true;
    cancel();
  };
  const timer = delayMs === undefined ? undefined : setTimeout(expire, delayMs);
  return {
    arrived: () => {
      clearTimeout(timer);
    },
    isLate: () => isLate,
  };
}
