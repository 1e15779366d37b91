import { createServer, type Socket } from "node:net";
import { gzipSync } from "node:zlib";

import { listenOnLoopback, trackSockets, type TrackedSockets } from "./track-sockets.ts";

/**
 * How a hostile receiver mistreats its sender:
 * - `silent` accepts and never answers
 * - `drip-headers`, `drip-body` send a byte a second and never end
 * - `early-close` ends the connection instead of answering, `reset` resets it (RST)
 * - `garbage` answers with bytes that are no HTTP
 * - `endless-body` sends as fast as it is read, `endless-informational` answers 103 forever
 * - `wrong-length` announces 100 bytes, sends 10 and ends
 * - `huge-headers` sends a megabyte in one header, `endless-headers` sends small ones forever, `many-headers` 10,000 of
 *   three letters
 * - `endless-trailers`, `endless-chunk-extension`, `endless-status-line`, `endless-blank-lines`: what is neither header
 *   nor body, forever
 * - `gzip-bomb` sends a body of 60 KiB that says it is compressed and would be 60 MiB, though nobody asked for that
 * - `redirect-loop` sends whoever asks to itself
 * - `unasked-upgrade` switches to another protocol
 */
export type HostileKind =
  | "silent"
  | "drip-headers"
  | "drip-body"
  | "early-close"
  | "reset"
  | "garbage"
  | "endless-body"
  | "endless-informational"
  | "wrong-length"
  | "huge-headers"
  | "endless-headers"
  | "many-headers"
  | "endless-trailers"
  | "endless-chunk-extension"
  | "endless-status-line"
  | "endless-blank-lines"
  | "gzip-bomb"
  | "redirect-loop"
  | "unasked-upgrade";

/** A raw TCP server on 127.0.0.1 that breaks HTTP on purpose. */
export interface HostileReceiver extends TrackedSockets {
  /** `http://127.0.0.1:<port>/hook` */
  readonly url: string;
  readonly port: number;
}

const DRIP_MS = 1000;

const gzipBomb = gzipSync(Buffer.alloc(60 * 1024 * 1024));

const misdeeds: Record<HostileKind, (socket: Socket) => void> = {
  silent: () => {
    // Answering nothing is all of it.
  },
  "drip-headers": (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nx-drip: ");
    drip(socket);
  },
  "drip-body": (socket) => {
    socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n");
    drip(socket);
  },
  "early-close": (socket) => socket.end(),
  reset: (socket) => socket.resetAndDestroy(),
  garbage: (socket) => socket.end("\u0000\u0001 this is no HTTP \u0002\r\n\r\n"),
  "endless-body": (socket) => {
    socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    repeat(socket, `4000\r\n${"x".repeat(0x4000)}\r\n`);
  },
  "endless-informational": (socket) => {
    repeat(socket, "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(100));
  },
  "wrong-length": (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789"),
  "huge-headers": (socket) => socket.write(`HTTP/1.1 200 OK\r\nx-huge: ${"x".repeat(1_000_000)}\r\n\r\n`),
  "endless-headers": (socket) => {
    socket.write("HTTP/1.1 200 OK\r\n");
    repeat(socket, "x-more: 1\r\n".repeat(1000));
  },
  "many-headers": (socket) => socket.write(`HTTP/1.1 200 OK\r\n${"a:\r\n".repeat(10_000)}content-length: 0\r\n\r\n`),
  "endless-trailers": (socket) => {
    socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n");
    repeat(socket, "x-more: 1\r\n".repeat(1000));
  },
  "endless-chunk-extension": (socket) => {
    socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;");
    repeat(socket, "x".repeat(0x4000));
  },
  "endless-status-line": (socket) => {
    socket.write("HTTP/1.1 200 ");
    repeat(socket, "x".repeat(0x4000));
  },
  "endless-blank-lines": (socket) => {
    repeat(socket, "\r\n".repeat(0x2000));
  },
  "gzip-bomb": (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${gzipBomb.length}\r\n\r\n`);
    socket.write(gzipBomb);
  },
  "redirect-loop": (socket) => {
    const { localPort = 0 } = socket;
    socket.write(`HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:${localPort}/hook\r\ncontent-length: 0\r\n\r\n`);
  },
  "unasked-upgrade": (socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
  },
};

/** Starts a receiver that does its misdeed once per connection, when the first bytes of a request arrive. */
export async function startHostileReceiver(kind: HostileKind): Promise<HostileReceiver> {
  const server = createServer((socket) => {
    // The sender cutting the connection is what these receivers are there to provoke.
    socket.on("error", () => undefined);
    socket.once("data", () => {
      misdeeds[kind](socket);
    });
    // Later bytes must be read too, or the end of the connection is never seen.
    socket.resume();
  });
  const sockets = trackSockets(server);
  const port = await listenOnLoopback(server);
  return { ...sockets, url: `http://127.0.0.1:${port}/hook`, port };
}

function drip(socket: Socket): void {
  const timer = setInterval(() => socket.write("x"), DRIP_MS);
  socket.once("close", () => {
    clearInterval(timer);
  });
}

/** Writes until the socket's buffer is full, again at each drain, until it is closed. */
function repeat(socket: Socket, text: string): void {
  const write = (): void => {
    while (!socket.destroyed && socket.write(text)) {
      // The condition does the work.
    }
  };
  socket.on("drain", write);
  write();
}
