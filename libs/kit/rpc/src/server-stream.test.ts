import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { RpcError } from "./rpc-error.ts";
import { serverStream } from "./server-stream.ts";

type Call = Parameters<ReturnType<typeof serverStream<string, string>>>[0];

/** A call whose reader takes a message when the test lets it. */
function slowCall(): { call: Call; takeNext: () => Promise<string> } {
  const arrived: { message: string; take: () => void }[] = [];
  let arrival = Promise.withResolvers<undefined>();
  const stream = new Writable({
    objectMode: true,
    highWaterMark: 1,
    write: (message: string, _, take) => {
      arrived.push({ message, take });
      arrival.resolve(undefined);
    },
  });
  const call = Object.assign(stream, { request: "three", getPath: () => "/test" }) as unknown as Call;
  return {
    call,
    takeNext: async () => {
      await arrival.promise;
      arrival = Promise.withResolvers();
      const next = arrived.shift();
      next?.take();
      return next?.message ?? "";
    },
  };
}

test("a message is asked for only when the reader took the one before", async () => {
  const asked: number[] = [];
  async function* produce(): AsyncGenerator<string> {
    for (const number of [1, 2, 3]) {
      asked.push(number);
      yield await Promise.resolve(String(number));
    }
  }
  const { call, takeNext } = slowCall();
  const finished = new Promise<void>((resolve) => call.once("finish", resolve));
  serverStream(produce)(call);
  for (const number of [1, 2, 3]) {
    expect(await takeNext()).toBe(String(number));
    expect(asked.at(-1)).toBe(number);
  }
  await finished;
});

test("a reader that leaves while it holds up the stream ends it", async () => {
  const ended = Promise.withResolvers<boolean>();
  async function* produce(_: string, signal: AbortSignal): AsyncGenerator<string> {
    try {
      for (;;) yield await Promise.resolve("more");
    } finally {
      ended.resolve(signal.aborted);
    }
  }
  const { call } = slowCall();
  serverStream(produce)(call);
  await Promise.resolve();
  call.emit("cancelled", "cancelled");
  expect(await ended.promise).toBe(true);
});

test("a failure is told by its code", async () => {
  const { call } = slowCall();
  const failed = new Promise((resolve) => call.once("error", resolve));
  serverStream(() => {
    throw new RpcError("unavailable", "away");
  })(call);
  expect(await failed).toMatchObject({ code: 14, details: "away" });
});
