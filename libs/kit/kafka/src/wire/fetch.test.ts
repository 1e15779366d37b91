import { createRequire } from "node:module";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadKafkajs } from "../load-kafkajs.ts";
import { decodeFetch } from "./decode-fetch.ts";
import { encodeFetch, type FetchOptions } from "./encode-fetch.ts";
import { encodeProduce } from "./encode-produce.ts";
import { encodeRecord } from "./encode-record.ts";
import { encodeRequest } from "./encode-request.ts";

interface StockEncoder {
  readonly buffer: Buffer;
}
interface StockAnswer {
  readonly clientSideThrottleTime: number;
  readonly errorCode: number;
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly (Record<string, unknown> & { readonly messages: readonly unknown[] })[];
  }[];
}

// kafkajs's own files, before loadKafkajs has replaced them: the other side of each proof.
const require = createRequire(import.meta.url);
const encodeStock = require("kafkajs/src/protocol/requests/fetch/v11/request") as (options: FetchOptions) => {
  readonly encode: () => Promise<StockEncoder>;
};
const { decode: decodeStock } = require("kafkajs/src/protocol/requests/fetch/v11/response") as {
  readonly decode: (bytes: Buffer) => Promise<StockAnswer>;
};
const encodeStockRequest = require("kafkajs/src/protocol/request") as (request: object) => Promise<StockEncoder>;
const Encoder = require("kafkajs/src/protocol/encoder") as new () => StockEncoder & {
  readonly writeString: (text: string) => StockEncoder;
};

const NO_CODEC = async (): Promise<Buffer> => Promise.reject(new Error("nothing is compressed"));
const int32 = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const offset = fc.integer({ min: -1, max: Number.MAX_SAFE_INTEGER });
const name = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: "grapheme", maxLength: 40 }));

const options: fc.Arbitrary<FetchOptions> = fc.record({
  ...{ replicaId: fc.constant(-1), maxWaitTime: int32, minBytes: int32, maxBytes: int32 },
  isolationLevel: fc.constantFrom(0, 1),
  rackId: name,
  topics: fc.array(
    fc.record({
      topic: name,
      partitions: fc.array(fc.record({ partition: int32, fetchOffset: offset.map(String), maxBytes: int32 }), {
        maxLength: 5,
      }),
    }),
    { maxLength: 5 },
  ),
});

/** What stands of a partition in an answer. */
const partition = fc.record({
  ...{
    partition: int32,
    errorCode: fc.integer({ min: -1, max: 100 }),
    highWatermark: offset,
    stable: offset,
    start: offset,
  },
  aborted: fc.option(fc.array(fc.tuple(offset, offset), { maxLength: 3 })),
  preferredReadReplica: fc.integer({ min: -1, max: 9 }),
  values: fc.option(fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 4 })),
});
type Partition = typeof partition extends fc.Arbitrary<infer T> ? T : never;
const answer = fc.record({
  throttleMs: int32,
  errorCode: fc.integer({ min: 0, max: 100 }),
  topics: fc.array(fc.record({ name, partitions: fc.array(partition, { maxLength: 4 }) }), { maxLength: 4 }),
});
type Answer = typeof answer extends fc.Arbitrary<infer T> ? T : never;

function int(value: number, bytes: 2 | 4): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeIntBE(value, 0, bytes);
  return buffer;
}

function long(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64BE(BigInt(value));
  return buffer;
}

function writeRecords(values: readonly Uint8Array[] | null): Buffer {
  if (values === null) return int(-1, 4);
  const messages = values.map((value) => encodeRecord({ topic: "t", headers: { h: "v" }, value }));
  const topicData = [{ topic: "t", partitions: [{ partition: 0, messages }] }];
  // Behind what a request has in front of its only batch: from the batch's length on.
  return encodeProduce({ acks: 1, timeout: 1, topicData }, 1_700_000_000_000).buffer.subarray(23);
}

function writePartition(given: Partition): Buffer {
  const aborted = given.aborted ?? [];
  return Buffer.concat([
    ...[int(given.partition, 4), int(given.errorCode, 2)],
    ...[long(given.highWatermark), long(given.stable), long(given.start)],
    ...[int(given.aborted === null ? -1 : aborted.length, 4), ...aborted.flat().map(long)],
    ...[int(given.preferredReadReplica, 4), writeRecords(given.values)],
  ]);
}

function writeAnswer({ throttleMs, errorCode, topics }: Answer): Buffer {
  const parts = topics.map(({ name, partitions }) => {
    const text = Buffer.from(name);
    return [int(text.length, 2), text, int(partitions.length, 4), ...partitions.map(writePartition)];
  });
  return Buffer.concat([int(throttleMs, 4), int(errorCode, 2), int(0, 4), int(topics.length, 4), ...parts.flat()]);
}

test("a fetch is the request that kafkajs makes", async () => {
  await fc.assert(
    fc.asyncProperty(options, async (given) => {
      const stock = await encodeStock(given).encode();
      expect(encodeFetch(given).buffer.equals(stock.buffer)).toBe(true);
    }),
  );
});

describe("an answer", () => {
  test("is read as kafkajs reads it", async () => {
    await fc.assert(
      fc.asyncProperty(answer, async (given) => {
        const bytes = writeAnswer(given);
        const stock = await decodeStock(bytes);
        const own = await decodeFetch(bytes, NO_CODEC);
        expect([own.clientSideThrottleTime, own.errorCode]).toEqual([stock.clientSideThrottleTime, stock.errorCode]);
        expect(own.responses).toEqual(
          stock.responses.map(({ topicName, partitions }, topic) => ({
            topicName,
            partitions: partitions.map(({ partition, errorCode, highWatermark, preferredReadReplica }, index) => ({
              ...{ partition, errorCode, highWatermark, preferredReadReplica },
              messages: own.responses[topic]?.partitions[index]?.messages,
            })),
          })),
        );
        expect(
          own.responses.flatMap(({ partitions }) => partitions.map(({ messages }) => messages.map(valueOf))),
        ).toEqual(stock.responses.flatMap(({ partitions }) => partitions.map(({ messages }) => messages.map(valueOf))));
      }),
    );
  });

  test("that ends too early is a clear error", async () => {
    const given = { partition: 1, errorCode: 0, highWatermark: 5, stable: 5, start: 0, preferredReadReplica: -1 };
    const partitions = [{ ...given, aborted: null, values: [Buffer.from("abc")] }];
    const bytes = writeAnswer({
      throttleMs: 0,
      errorCode: 0,
      topics: [
        { name: "t", partitions },
        { name: "u", partitions },
      ],
    });
    for (let length = 0; length < bytes.length; length++) {
      // Cut within the last batch, it is one that is fetched again.
      await decodeFetch(bytes.subarray(0, length), NO_CODEC).catch((error: unknown) => {
        expect(error).toBeInstanceOf(RangeError);
      });
    }
    await expect(decodeFetch(bytes.subarray(0, 40), NO_CODEC)).rejects.toBeInstanceOf(RangeError);
  });
});

function valueOf(message: unknown): string | undefined {
  return (message as { readonly value: Buffer | null }).value?.toString("hex");
}

test("a request's head stands in front of the body, whether there is room in its memory or not", async () => {
  for (const clientId of ["c", "größe", "c".repeat(242), "c".repeat(243), "c".repeat(2_000)]) {
    const head = { correlationId: 7, clientId };
    const own = encodeFetch({ replicaId: -1, maxWaitTime: 1, minBytes: 1, maxBytes: 1, isolationLevel: 0, topics: [] });
    const stock = new Encoder().writeString("body");
    for (const body of [own, stock]) {
      const request = { apiKey: 1, apiVersion: 11, encode: async () => Promise.resolve(body) };
      const expected = await encodeStockRequest({ ...head, request });
      const { buffer } = await encodeRequest({
        ...head,
        request: request as Parameters<typeof encodeRequest>[0]["request"],
      });
      expect(buffer.equals(expected.buffer)).toBe(true);
    }
  }
});

test("kafkajs reads records as we do, whichever version of a fetch the broker speaks", async () => {
  loadKafkajs();
  const { protocol } = require("kafkajs/src/protocol/requests/fetch") as {
    readonly protocol: (version: { version: number }) => (options: object) => {
      readonly request: { readonly encode: () => Promise<StockEncoder> };
      readonly response: { readonly decode: (bytes: Buffer) => Promise<StockAnswer> };
    };
  };
  const given = { partition: 1, errorCode: 0, highWatermark: 5, stable: 5, start: 0, preferredReadReplica: -1 };
  const partitions = [{ ...given, aborted: [], values: [Buffer.from("abc")] }];
  const bytes = writeAnswer({ throttleMs: 0, errorCode: 0, topics: [{ name: "t", partitions }] });
  // Version 4 has no error and no session of its own, no start of the log, and no replica to prefer.
  const old = Buffer.concat([bytes.subarray(0, 4), bytes.subarray(10, 43), bytes.subarray(51, 55), bytes.subarray(59)]);
  const empty = { topics: [], maxWaitTime: 1, minBytes: 1, maxBytes: 1 };
  for (const [version, answer] of [
    [4, old],
    [11, bytes],
  ] as const) {
    const { responses } = await protocol({ version })(empty).response.decode(answer);
    expect(responses[0]?.partitions[0]?.messages).toMatchObject([{ offset: 0, headers: { h: "v" } }]);
  }
});
