import { createServer, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";

import { listenOnLoopback, trackSockets, type TrackedSockets } from "./track-sockets.ts";

/** One CONNECT as it arrived. */
export interface ReceivedConnect {
  /** `host:port`, as it was asked for. */
  readonly authority: string;
  readonly authorization: string | undefined;
}

/** A forward proxy on 127.0.0.1 that opens tunnels (HTTP CONNECT) and nothing else. */
export interface ConnectProxy extends TrackedSockets {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly connects: readonly ReceivedConnect[];
}

/**
 * Where a tunnel leads: a port of 127.0.0.1, whatever name was asked for; a status to refuse it with; or bytes to say
 * instead of an answer, `undefined` for none.
 */
export type Route = (received: ReceivedConnect) => { readonly port: number } | number | string | undefined;

/** Starts a proxy whose names resolve by `route`. */
export async function startConnectProxy(route: Route): Promise<ConnectProxy> {
  const connects: ReceivedConnect[] = [];
  const server = createServer((_request, response) => {
    response.writeHead(405).end();
  });
  server.on("connect", (request: IncomingMessage, client: Socket) => {
    client.on("error", () => undefined);
    const received = { authority: request.url ?? "", authorization: request.headers["proxy-authorization"] };
    connects.push(received);
    const target = route(received);
    // A client that gets nothing is read too, or its end is never seen; Node leaves the other half open then.
    if (typeof target !== "object") client.resume().once("end", () => client.end());
    if (typeof target === "number") client.end(`HTTP/1.1 ${target} Refused\r\nx-reason: policy\r\n\r\nno`);
    else if (typeof target === "string") client.write(target);
    else if (target !== undefined) tunnel(client, target.port);
  });
  const sockets = trackSockets(server);
  const port = await listenOnLoopback(server);
  return { ...sockets, url: `http://127.0.0.1:${port}`, connects };
}

function tunnel(client: Socket, port: number): void {
  const receiver = connect(port, "127.0.0.1", () => {
    client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    client.pipe(receiver).pipe(client);
  });
  receiver.on("error", () => client.destroy()).on("close", () => client.destroy());
  client.on("close", () => receiver.destroy());
}
