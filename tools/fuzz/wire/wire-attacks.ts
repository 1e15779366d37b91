// Nonsense below gRPC, each kind on connections of its own. All of it is bounded in bytes and in time.
import { connect, type Socket } from "node:net";
import { callHeaders, encodeFrame, encodeHeaders, END_HEADERS, END_STREAM, FRAME, PREFACE } from "./frames.ts";

export interface WireAttack {
  readonly name: string;
  /** Resolves when it is over: the server closed the connection, or nobody waits any longer. */
  readonly run: (address: string) => Promise<void>;
}

/** How long a connection is watched for its end, after what was sent was sent. */
const PATIENCE_MS = 150;

const CHECK = "/grpc.health.v1.Health/Check";
const SETTINGS = encodeFrame({ type: FRAME.settings });
const OPENING = Buffer.concat([PREFACE, SETTINGS]);

function open(stream: number, { isLast = false } = {}): Buffer {
  const flags = END_HEADERS | (isLast ? END_STREAM : 0);
  return encodeFrame({ type: FRAME.headers, flags, stream, payload: callHeaders(CHECK) });
}

const ids = (count: number): number[] => Array.from({ length: count }, (_, index) => 2 * index + 1);

const BYTES: Readonly<Record<string, () => readonly Buffer[]>> = {
  "no preface": () => [Buffer.from("GET / HTTP/1.1\r\nhost: a\r\n\r\n")],
  "a preface cut short": () => [PREFACE.subarray(0, 10)],
  noise: () => [Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7919 + 31) % 256))],
  "a TLS hello": () => [Buffer.from("160301020001000101fc0303", "hex")],
  silence: () => [],
  "silence after the preface": () => [OPENING],
  "a frame that is never finished": () => [OPENING, encodeFrame({ type: FRAME.headers, stream: 1, length: 16_000 })],
  "a frame that is too large": () => [OPENING, encodeFrame({ type: FRAME.data, stream: 1, length: 0xffffff })],
  "data on no stream": () => [OPENING, encodeFrame({ type: FRAME.data, stream: 0, payload: Buffer.alloc(10) })],
  "data on an idle stream": () => [OPENING, encodeFrame({ type: FRAME.data, stream: 77, payload: Buffer.alloc(10) })],
  "headers on an even stream": () => [OPENING, open(2)],
  "stream numbers that go down": () => [OPENING, open(9), open(3)],
  "a continuation of nothing": () => [OPENING, encodeFrame({ type: FRAME.continuation, stream: 1 })],
  "a push from a client": () => [
    OPENING,
    encodeFrame({ type: FRAME.pushPromise, stream: 1, payload: Buffer.alloc(4) }),
  ],
  "unknown frames": () => [OPENING, ...ids(200).map((stream) => encodeFrame({ type: 200, flags: 255, stream }))],
  "settings that are not whole": () => [PREFACE, encodeFrame({ type: FRAME.settings, payload: Buffer.alloc(5) })],
  "giant settings": () => [PREFACE, encodeFrame({ type: FRAME.settings, payload: Buffer.alloc(6 * 2700, 0x11) })],
  "settings, again and again": () => [OPENING, ...ids(2000).map(() => SETTINGS)],
  "pings, again and again": () => [
    OPENING,
    ...ids(2000).map(() => encodeFrame({ type: FRAME.ping, payload: Buffer.alloc(8) })),
  ],
  "a window of nothing": () => [OPENING, encodeFrame({ type: FRAME.windowUpdate, payload: Buffer.alloc(4) })],
  "a window beyond all": () => [
    OPENING,
    ...ids(3).map(() => encodeFrame({ type: FRAME.windowUpdate, payload: Buffer.from("7fffffff", "hex") })),
  ],
  "a window that is never opened": () => [
    PREFACE,
    encodeFrame({ type: FRAME.settings, payload: Buffer.from("000400000000", "hex") }),
    ...ids(50).map((stream) => open(stream, { isLast: true })),
  ],
  "priorities in a ring": () => [
    OPENING,
    ...ids(500).map((stream) =>
      encodeFrame({ type: FRAME.priority, stream, payload: Buffer.from([0, 0, 0, stream % 251, 255]) }),
    ),
  ],
  "an index of nothing in the header table": () => [
    OPENING,
    encodeFrame({ type: FRAME.headers, flags: END_HEADERS, stream: 1, payload: Buffer.from("ffffffff0f", "hex") }),
  ],
  "a header bomb: one large entry, asked for again and again": () => [OPENING, ...headerBomb()],
  "continuations without an end": () => [OPENING, ...continuations()],
  "headers of a megabyte": () => [OPENING, ...largeHeaders()],
  "many headers": () => [
    OPENING,
    encodeFrame({
      ...{ type: FRAME.headers, flags: END_HEADERS, stream: 1 },
      payload: encodeHeaders(ids(1500).map((index) => [`x${index}`, "1"] as const)),
    }),
  ],
  "names and values that are none": () => [
    OPENING,
    encodeFrame({
      ...{ type: FRAME.headers, flags: END_HEADERS, stream: 1 },
      payload: encodeHeaders([
        ["X-Upper\0\r\n", "a\r\nb"],
        ["", ""],
        [":path", "/a"],
        [":path", "/b"],
        [":no", "x"],
      ]),
    }),
  ],
  "calls that are reset at once": () => [
    OPENING,
    ...ids(1500).flatMap((stream) => [
      open(stream),
      encodeFrame({ type: FRAME.resetStream, stream, payload: Buffer.from("00000008", "hex") }),
    ]),
  ],
  "calls without a message, open for ever": () => [OPENING, ...ids(500).map((stream) => open(stream))],
  "messages that promise more": () => [
    OPENING,
    ...ids(100).flatMap((stream) => [
      open(stream),
      encodeFrame({ type: FRAME.data, stream, payload: Buffer.from("00003fffff0a", "hex") }),
    ]),
  ],
  "a message larger than is taken": () => [
    OPENING,
    open(1),
    encodeFrame({ type: FRAME.data, stream: 1, payload: Buffer.from("00ffffffff0a", "hex") }),
  ],
  "farewell, and on": () => [OPENING, encodeFrame({ type: FRAME.goAway, payload: Buffer.alloc(8) }), open(1)],
};

/** RFC 7541: an entry of 3 KB put into the table, then a byte for each time that it is meant. */
function headerBomb(): readonly Buffer[] {
  const literal = encodeHeaders([["x-bomb", "b".repeat(3000)]]);
  literal.writeUInt8(0x40, 0);
  const payload = Buffer.concat([literal, Buffer.alloc(8000, 0xbe)]);
  return ids(20).map((stream) => encodeFrame({ type: FRAME.headers, flags: END_HEADERS, stream, payload }));
}

function continuations(): readonly Buffer[] {
  const payload = encodeHeaders([["x-more", "m".repeat(100)]]);
  return [
    encodeFrame({ type: FRAME.headers, stream: 1, payload: callHeaders(CHECK) }),
    ...ids(5000).map(() => encodeFrame({ type: FRAME.continuation, stream: 1, payload })),
  ];
}

function largeHeaders(): readonly Buffer[] {
  const payload = encodeHeaders([["x-large", "v".repeat(16_000)]]);
  return [
    encodeFrame({ type: FRAME.headers, stream: 1, payload: callHeaders(CHECK) }),
    ...ids(64).map(() => encodeFrame({ type: FRAME.continuation, stream: 1, payload })),
    encodeFrame({ type: FRAME.continuation, flags: END_HEADERS, stream: 1 }),
  ];
}

export const WIRE_ATTACKS: readonly WireAttack[] = Object.entries(BYTES).map(([name, make]) => ({
  name,
  run: async (address) => sendBytes(address, make()),
}));

async function sendBytes(address: string, pieces: readonly Buffer[]): Promise<void> {
  const [host, port] = address.split(":");
  const socket = connect(Number(port), host);
  socket.on("error", () => undefined);
  // What the server says is read and forgotten, so that it can go on.
  socket.resume();
  socket.write(Buffer.concat(pieces));
  await untilClosed(socket);
  socket.destroy();
}

async function untilClosed(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, PATIENCE_MS);
    socket.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
