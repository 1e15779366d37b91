import type { Socket } from "node:net";

import type { Parsed } from "@postrider/kit-config";

/** A forward proxy that speaks HTTP CONNECT (RFC 9110, section 9.3.6). */
export interface Proxy {
  readonly hostname: string;
  readonly port: number;
  /** The value of `proxy-authorization`. */
  readonly authorization?: string;
}

/** The proxy did not open the tunnel. */
class ProxyRefusedError extends Error {
  override readonly name = "ProxyRefusedError";
}

/** A proxy that refuses may say why at length; nobody reads it. */
const MAX_ANSWER_BYTES = 16_384;
const END_OF_HEADERS = "\r\n\r\n";

/** Reads `http://[user:password@]host:port`. */
export function parseProxy(text: string): Parsed<Proxy> {
  const url = URL.parse(text);
  if (url?.protocol !== "http:" || url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    return { kind: "wrong", wanted: "a URL such as http://proxy.example:3128" };
  }
  const hostname = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  const proxy = { hostname, port: url.port === "" ? 80 : Number(url.port) };
  if (url.username === "" && url.password === "") return { kind: "value", value: proxy };
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { kind: "value", value: { ...proxy, authorization: `Basic ${Buffer.from(user).toString("base64")}` } };
}

/**
 * Asks for a tunnel over a fresh connection to the proxy, and calls back once: with nothing when the tunnel stands.
 * In HTTP and TLS the client speaks first: what comes before that belongs to nothing that we asked.
 *
 * @param authority `host:port`, with an IPv6 host in brackets
 */
export function openTunnel(
  socket: Socket,
  { authority, authorization }: { readonly authority: string; readonly authorization: string | undefined },
  callback: (error: Error | null) => void,
): void {
  const chunks: Buffer[] = [];
  let receivedBytes = 0;
  const finish = (error: Error | null): void => {
    socket.off("data", read).off("error", finish).off("close", closed);
    callback(error);
  };
  const closed = (): void => {
    finish(new ProxyRefusedError("the proxy closed the connection instead of answering"));
  };
  const read = (chunk: Buffer): void => {
    chunks.push(chunk);
    receivedBytes += chunk.length;
    const received = Buffer.concat(chunks);
    const end = received.indexOf(END_OF_HEADERS);
    if (end === -1 && receivedBytes < MAX_ANSWER_BYTES) return;
    socket.pause();
    const hasMore = end !== -1 && end + END_OF_HEADERS.length < receivedBytes;
    finish(judgeAnswer(end === -1 ? "" : received.subarray(0, end).toString("latin1"), hasMore));
  };
  socket.on("data", read).on("error", finish).on("close", closed);
  const credentials = authorization === undefined ? "" : `proxy-authorization: ${authorization}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${credentials}\r\n`);
}

function judgeAnswer(headers: string, hasMore: boolean): Error | null {
  const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |\r\n|$)/u.exec(headers) ?? [];
  if (status?.startsWith("2") === true) {
    return hasMore ? new ProxyRefusedError("the proxy's answer to CONNECT has more behind it") : null;
  }
  return new ProxyRefusedError(
    status === undefined ? "the proxy's answer to CONNECT is not HTTP" : `the proxy answered CONNECT with ${status}`,
  );
}
