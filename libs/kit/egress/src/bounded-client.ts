import type { Socket } from "node:net";

import type { Clock } from "@postrider/kit-lifecycle";
import { type buildConnector, Client, type Dispatcher } from "undici";

import { ProtocolError } from "./judge-failure.ts";

/** What bounds a connection. */
export interface ConnectionBounds {
  readonly connect: buildConnector.connector;
  readonly maxConnectionAgeMs: number;
  readonly clock: Clock;
}

/**
 * All bytes of one answer together. undici bounds its headers, and the exchange its body; what is neither (the frames
 * of chunks, a status line, empty lines in front) has no end otherwise, at the price of a core until the deadline.
 * The largest body in the smallest chunks, with all informational answers before it, stays below.
 */
const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * What undici's parser gets at a time. It goes on to the end of a piece when its bound on headers is reached, and makes
 * an error for each header that follows: with the 64 KiB that the system hands out, endless headers cost 110 ms of CPU,
 * which this makes 8. Most answers are shorter than a piece.
 */
const PIECE_BYTES = 1024;

/** undici's client for one connection at a time, with one request at a time on it, and an end to both. */
export class BoundedClient extends Client {
  readonly #clock: Clock;
  /** Of the answer that is awaited. */
  #answerBytes = 0;
  #endsAtUs = Infinity;

  constructor(url: URL, options: Client.Options, { connect, clock, maxConnectionAgeMs }: ConnectionBounds) {
    super(url, {
      ...options,
      connect: (target, callback) => {
        connect(target, (error, socket) => {
          if (socket === null) {
            callback(error, null);
            return;
          }
          this.#watch(socket);
          this.#endsAtUs = clock.monotonicUs() + maxConnectionAgeMs * 1000;
          callback(null, socket);
        });
      },
    });
    this.#clock = clock;
    this.on("disconnect", () => {
      this.#endsAtUs = Infinity;
    });
  }

  /**
   * A connection is not used for ever: a busy one would never ask DNS again. The first request after its time is its
   * last (`connection: close`), and the next one looks the name up, and checks what it finds. undici's own `clientTtl`
   * is not asked while requests queue, which is when connections are busiest.
   */
  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.#answerBytes = 0;
    if (this.#clock.monotonicUs() < this.#endsAtUs) return super.dispatch(options, handler);
    return super.dispatch({ ...options, reset: true }, handler);
  }

  /** undici reads what has come until there is no more: it gets it in pieces, and counted. */
  #watch(socket: Socket): void {
    const read = socket.read.bind(socket);
    socket.read = (size?: number): unknown => {
      // A stream gives out what it holds, destroyed or not.
      if (socket.destroyed) return null;
      const isLong = size === undefined && socket.readableLength > PIECE_BYTES;
      const piece: unknown = isLong ? read(PIECE_BYTES) : read(size);
      if (!Buffer.isBuffer(piece)) return piece;
      this.#answerBytes += piece.length;
      if (this.#answerBytes <= MAX_ANSWER_BYTES) return piece;
      socket.destroy(new ProtocolError("answer_too_large", `an answer of more than ${MAX_ANSWER_BYTES} bytes`));
      return null;
    };
  }
}
