// Hosts that a wrong address may lead to, and that say nothing: neither yes nor no.
import { once } from "node:events";
import { createServer, connect, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { listenOnLoopback, trackSockets } from "@postrider/testing";

export interface SilentHost {
  /** host:port */
  readonly address: string;
  readonly close: () => Promise<void>;
}

/** Takes every connection and everything that is sent, and never answers. */
export async function startMuteHost(): Promise<SilentHost> {
  const server = createServer((socket) => socket.on("error", () => undefined).resume());
  const sockets = trackSockets(server);
  return { address: `127.0.0.1:${await listenOnLoopback(server)}`, close: sockets.close };
}

/** The system takes as many connections for it as may wait to be accepted; it accepts none, and later ones get no answer. */
const BLOCKED = `
  const { parentPort } = require("node:worker_threads");
  const server = require("node:net").createServer();
  server.listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
`;
/** More than may wait. */
const FILLING = 8;
/** Loopback connects in less than a millisecond, if it does. */
const NO_CONNECTION_MS = 500;

/** A connection to it is neither made nor refused, as behind a firewall that drops packets. */
export async function startSwallowingHost(): Promise<SilentHost> {
  const worker = new Worker(BLOCKED, { eval: true });
  const [port] = (await once(worker, "message")) as [number];
  const filling = Array.from({ length: FILLING }, () => connect(port, "127.0.0.1").on("error", () => undefined));
  const connected = await Promise.all(filling.map(isConnected));
  if (connected.every(Boolean))
    throw new Error("this system takes connections without end for a server that accepts none");
  return {
    address: `127.0.0.1:${port}`,
    close: async () => {
      for (const socket of filling) socket.destroy();
      await worker.terminate();
    },
  };
}

async function isConnected(socket: Socket): Promise<boolean> {
  return once(socket, "connect", { signal: AbortSignal.timeout(NO_CONNECTION_MS) }).then(
    () => true,
    () => false,
  );
}
