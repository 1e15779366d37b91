import { callStream, type CallStreamSettings, LateMessage, type StreamMethod } from "./call-stream.ts";
import type { RpcConnection } from "./connect-rpc.ts";

/** A watch's server answers at once; what takes longer is a connection that hangs. */
const FIRST_MESSAGE_MS = 3000;

export interface CallWatchOptions<Request> extends Pick<CallStreamSettings, "signal"> {
  readonly request: Request;
}

/**
 * Calls an endless stream whose server tells something at once. If nothing comes, the connection is made anew for the next
 * call: since a watch is always out or tried, it looks after the connection for the other calls too.
 * @throws what {@link callStream} throws
 */
export async function* callWatch<Client, Request, Response>(
  connection: RpcConnection<Client>,
  methodOf: (client: Client) => StreamMethod<Request, Response>,
  { request, signal }: CallWatchOptions<Request>,
): AsyncGenerator<Response, void, undefined> {
  try {
    yield* callStream(methodOf(connection.client()), request, { signal, firstMessageMs: FIRST_MESSAGE_MS });
  } catch (error) {
    if (error instanceof LateMessage) connection.reconnect();
    throw error;
  }
}
