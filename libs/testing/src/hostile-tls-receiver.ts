import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer, type SecureVersion } from "node:tls";

import type { IssuedCertificate } from "./issue-certificate.ts";
import { listenOnLoopback, trackSockets, type TrackedSockets } from "./track-sockets.ts";

/**
 * How a TLS handshake goes wrong before there is a certificate to judge:
 * - `silent` accepts and never answers; `drip` begins an answer and sends a byte a second
 * - `endless` answers with a handshake message that does not end, as fast as it is read
 * - `early-close` ends the connection instead of answering, `reset` resets it (RST)
 * - `garbage` answers with bytes that are no TLS
 * - `tls-1.0-hello` answers with a ServerHello of TLS 1.0, whatever was offered
 * - `alert` refuses whatever was offered
 */
export type HostileTlsKind =
  "silent" | "drip" | "endless" | "early-close" | "reset" | "garbage" | "tls-1.0-hello" | "alert";

/** A TCP server on 127.0.0.1 that breaks TLS on purpose. */
export interface HostileTlsReceiver extends TrackedSockets {
  /** `https://127.0.0.1:<port>/hook` */
  readonly url: string;
  readonly port: number;
}

const DRIP_MS = 1000;

// RFC 8446, section 5.1 and 4: a record's type, version and length; a handshake message's type and length.
const HANDSHAKE_RECORD_OF_16K = Buffer.from([0x16, 0x03, 0x03, 0x40, 0x00]);
const SERVER_HELLO_OF_16M = Buffer.from([0x02, 0xff, 0xff, 0xff]);
/** A handshake record with a ServerHello: version 3.1 (TLS 1.0), random, no session, a cipher of that time, no compression. */
const TLS_1_0_HELLO = Buffer.concat([
  Buffer.from([0x16, 0x03, 0x01, 0x00, 0x2a, 0x02, 0x00, 0x00, 0x26, 0x03, 0x01]),
  Buffer.alloc(32, 7),
  Buffer.from([0x00, 0xc0, 0x13, 0x00]),
]);
/** Fatal, handshake_failure. */
const ALERT = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28]);

const misdeeds: Record<HostileTlsKind, (socket: Socket) => void> = {
  silent: () => {
    // Answering nothing is all of it.
  },
  drip: (socket) => {
    socket.write(HANDSHAKE_RECORD_OF_16K);
    const timer = setInterval(() => socket.write("\u0002"), DRIP_MS);
    socket.once("close", () => {
      clearInterval(timer);
    });
  },
  endless: (socket) => {
    socket.write(Buffer.concat([HANDSHAKE_RECORD_OF_16K, SERVER_HELLO_OF_16M, Buffer.alloc(0x4000 - 4)]));
    const record = Buffer.concat([HANDSHAKE_RECORD_OF_16K, Buffer.alloc(0x4000)]);
    const write = (): void => {
      while (!socket.destroyed && socket.write(record)) {
        // The condition does the work.
      }
    };
    socket.on("drain", write);
    write();
  },
  "early-close": (socket) => socket.end(),
  reset: (socket) => socket.resetAndDestroy(),
  garbage: (socket) => socket.end("220 mail.example ESMTP\r\n"),
  "tls-1.0-hello": (socket) => socket.write(TLS_1_0_HELLO),
  alert: (socket) => socket.end(ALERT),
};

/** Starts a receiver that does its misdeed once per connection, when the client's first bytes arrive. */
export async function startHostileTlsReceiver(kind: HostileTlsKind): Promise<HostileTlsReceiver> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      misdeeds[kind](socket);
    });
    socket.resume();
  });
  const sockets = trackSockets(server);
  const port = await listenOnLoopback(server);
  return { ...sockets, url: `https://127.0.0.1:${port}/hook`, port };
}

/** Starts a receiver that speaks one version of TLS and no other. It answers no request: only the handshake counts. */
export async function startOldTlsReceiver(
  { key, cert }: IssuedCertificate,
  version: SecureVersion,
): Promise<HostileTlsReceiver> {
  // OpenSSL does not speak the old versions unless its security level is lowered.
  const options = { key, cert, minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" };
  const server = createTlsServer(options, (socket) => {
    socket.on("error", () => undefined);
  });
  server.on("tlsClientError", () => undefined);
  const sockets = trackSockets(server);
  const port = await listenOnLoopback(server);
  return { ...sockets, url: `https://127.0.0.1:${port}/hook`, port };
}
