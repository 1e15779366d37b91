import { connect, createServer, type Socket } from "node:net";
import { listenOnLoopback, trackSockets } from "@postrider/testing";

/** A TCP proxy that can fall silent without closing anything, as a machine that lost its network does. */
export interface TcpProxy {
  /** host:port */
  readonly address: string;
  /** Forwards nothing any more; what is open stays open, and new connections are accepted and ignored. */
  readonly freeze: () => void;
  /** Forwards the connections that are made from now on; the silent ones stay silent. */
  readonly thaw: () => void;
  readonly close: () => Promise<void>;
}

/** @param target host:port, looked at for each connection, so that the server may move */
export async function startTcpProxy(target: () => string): Promise<TcpProxy> {
  let isFrozen = false;
  const pairs = new Set<readonly Socket[]>();
  const server = createServer((inner) => {
    inner.on("error", () => undefined);
    // Read, so that the close of the other side is seen; without an answer.
    inner.resume();
    if (isFrozen) return;
    const [host, port] = target().split(":");
    const outer = connect(Number(port), host);
    outer.on("error", () => inner.destroy());
    outer.on("close", () => inner.destroy());
    inner.on("close", () => outer.destroy());
    inner.pipe(outer).pipe(inner);
    pairs.add([inner, outer]);
  });
  const sockets = trackSockets(server);
  const port = await listenOnLoopback(server);
  return {
    address: `127.0.0.1:${port}`,
    freeze: () => {
      isFrozen = true;
      for (const sides of pairs) silence(sides);
    },
    thaw: () => {
      isFrozen = false;
    },
    close: async () => {
      for (const sides of pairs) for (const socket of sides) socket.destroy();
      await sockets.close();
    },
  };
}

function silence(sides: readonly Socket[]): void {
  for (const socket of sides) {
    socket.unpipe();
    socket.removeAllListeners("close");
    socket.resume();
  }
}
