import type { AddressInfo, Server, Socket } from "node:net";

import { createWatchers } from "./wait-for.ts";

/** The connections of a server in a test. */
export interface TrackedSockets {
  /** TCP connections accepted so far. */
  readonly connectionCount: () => number;
  readonly openConnectionCount: () => number;
  /** Resolves as soon as exactly `count` connections are open; an Error after `deadlineMs` (default 10 s). */
  readonly waitForOpenConnections: (count: number, deadlineMs?: number) => Promise<void>;
  /** Stops listening and cuts what is open, so that no socket outlives its test. */
  readonly close: () => Promise<void>;
}

/** Counts the connections of a server and cuts them when it closes. Call it before listening. */
export function trackSockets(server: Server): TrackedSockets {
  const watchers = createWatchers();
  const open = new Set<Socket>();
  let connectionCount = 0;
  server.on("connection", (socket) => {
    connectionCount += 1;
    open.add(socket);
    socket.once("close", () => {
      open.delete(socket);
      watchers.changed();
    });
    watchers.changed();
  });
  return {
    connectionCount: () => connectionCount,
    openConnectionCount: () => open.size,
    waitForOpenConnections: (count, deadlineMs) =>
      watchers.waitUntil(
        () => open.size === count,
        () => `${open.size} connections are open, ${count} were wanted`,
        deadlineMs,
      ),
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const socket of open) socket.destroy();
      }),
  };
}

/** Listens on 127.0.0.1, or another address of loopback, and resolves with the port; 0 asks for any free one. */
export async function listenOnLoopback(server: Server, port = 0, host = "127.0.0.1"): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}
