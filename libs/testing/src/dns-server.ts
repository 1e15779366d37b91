import { createSocket, type Socket } from "node:dgram";
import { createServer, type Server } from "node:net";

import { decodeQuestion, type DnsQuestion, type DnsReply, encodeReply } from "./dns-message.ts";
import { listenOnLoopback, trackSockets } from "./track-sockets.ts";

/** Decides what is sent: an answer, these very bytes, or nothing at all. */
export type DnsScript = (question: AskedQuestion) => DnsReply | Buffer | "silence";

export interface AskedQuestion extends DnsQuestion {
  /** How often this name was asked for this type before. */
  readonly index: number;
  readonly transport: "udp" | "tcp";
  /** The bytes of the query, for answers that are forged. */
  readonly query: Buffer;
}

/** A name server on 127.0.0.1, over UDP and TCP at one port. */
export interface DnsServer {
  /** `127.0.0.1:<port>` */
  readonly address: string;
  /** What was asked, in order. */
  readonly questions: readonly AskedQuestion[];
  readonly close: () => Promise<void>;
}

const BIND_TRIES = 10;

/** Starts a name server that answers by a script. */
export async function startDnsServer(script: DnsScript): Promise<DnsServer> {
  const questions: AskedQuestion[] = [];
  const answer = (query: Buffer, transport: "udp" | "tcp", send: (reply: Buffer) => void): void => {
    const { name, type } = decodeQuestion(query);
    const index = questions.filter((asked) => asked.name === name && asked.type === type).length;
    const question = { name, type, index, transport, query };
    questions.push(question);
    const reply = script(question);
    if (reply !== "silence") send(Buffer.isBuffer(reply) ? reply : encodeReply(query, reply));
  };
  const udp = createSocket("udp4");
  udp.on("message", (query, { port, address }) => {
    answer(query, "udp", (reply) => {
      udp.send(reply, port, address);
    });
  });
  const tcp = createServer((socket) => {
    // A resolver asks one question in one segment; its length stands in front (RFC 1035, section 4.2.2).
    socket
      .on("error", () => undefined)
      .on("data", (segment) => {
        answer(segment.subarray(2), "tcp", (reply) => {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(reply.length);
          socket.write(Buffer.concat([length, reply]));
        });
      });
  });
  const sockets = trackSockets(tcp);
  const port = await bindBoth(udp, tcp);
  const close = async (): Promise<void> => {
    await sockets.close();
    await new Promise<void>((resolve) => {
      udp.close(resolve);
    });
  };
  return { address: `127.0.0.1:${port}`, questions, close };
}

/** A port that is free for both. */
async function bindBoth(udp: Socket, tcp: Server): Promise<number> {
  for (let tries = BIND_TRIES; ; tries -= 1) {
    const port = await listenOnLoopback(tcp);
    try {
      await new Promise<void>((resolve, reject) => {
        udp.once("error", reject).bind(port, "127.0.0.1", () => {
          udp.off("error", reject);
          resolve();
        });
      });
      return port;
    } catch (error) {
      await new Promise((resolve) => tcp.close(resolve));
      if (tries === 0) throw error;
    }
  }
}
