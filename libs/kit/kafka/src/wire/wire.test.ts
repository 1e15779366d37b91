import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KafkaAppend } from "../kafka.ts";
import { requireUnmended } from "../testing/kafkajs-files.ts";
import { crc32c } from "./crc32c.ts";
import { decodeRecords, type FetchedRecord } from "./decode-records.ts";
import { encodeProduce } from "./encode-produce.ts";
import { encodeRecord } from "./encode-record.ts";

// kafkajs's own files, as they were before ours took their place: the other side of each proof.
const Decoder = requireUnmended<new (bytes: Buffer) => unknown>("protocol/decoder");
const decodeStock = requireUnmended<(decoder: unknown) => Promise<readonly StockMessage[]>>(
  "protocol/requests/fetch/v4/decodeMessages",
);
const encodeStock = requireUnmended<
  (options: object) => { readonly encode: () => Promise<{ readonly buffer: Buffer }> }
>("protocol/requests/produce/v3/request");
const checksumStock = requireUnmended<(bytes: Buffer) => number>("protocol/recordBatch/crc32C");

interface StockMessage {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly headers: Record<string, Buffer>;
}

const NOW_MS = 1_767_225_600_123;
const NO_CODEC = async (): Promise<Buffer> => Promise.reject(new Error("nothing is compressed"));

const text = fc.oneof(
  fc.string({ maxLength: 70 }),
  fc.string({ unit: "grapheme", maxLength: 70 }),
  fc.string({ unit: "binary", maxLength: 200 }).map((words) => words.toWellFormed()),
);
const bytes = fc.uint8Array({ maxLength: 300 });
// kafkajs makes its headers in an object that has names of its own.
const name = fc.oneof(fc.constantFrom("ce_id", "ce_type"), text).filter((word) => !(word in {}));
// What a record of a real topic has: the same names in each, values that stay and values that change.
const record = fc.record(
  {
    key: text,
    headers: fc.dictionary(name, text),
    value: bytes,
  },
  { requiredKeys: ["headers", "value"] },
);
const records = fc.array(record, { minLength: 1, maxLength: 20 });

function encodeOwn(appends: readonly Omit<KafkaAppend, "topic">[]): Buffer {
  const messages = appends.map((append) => encodeRecord({ topic: "t", ...append }));
  const topicData = [{ topic: "t", partitions: [{ partition: 3, messages }] }];
  return encodeProduce({ acks: -1, timeout: 4000, topicData }, NOW_MS).buffer;
}

/** A batch behind its length, out of a request for one partition of the topic "t". */
function batchOf(request: Buffer): Buffer {
  const partitionAt = 2 + 2 + 4 + 4 + (2 + 1) + 4;
  return request.subarray(partitionAt + 4);
}

function plain({ key, headers, value }: FetchedRecord): object {
  return { key: key?.toString(), headers: Object.entries(headers).sort(), value: value?.toString("hex") };
}

function expected({ key, headers, value }: Omit<KafkaAppend, "topic">): object {
  return { key, headers: Object.entries(headers).sort(), value: Buffer.from(value).toString("hex") };
}

describe("what is written", () => {
  test("is read by kafkajs as it was given", async () => {
    await fc.assert(
      fc.asyncProperty(records, async (appends) => {
        const read = await decodeStock(new Decoder(batchOf(encodeOwn(appends))));
        expect(
          read.map(({ key, headers, value }) => ({
            key: key?.toString(),
            headers: Object.entries(headers)
              .map(([name, found]) => [name, found.toString()])
              .sort(),
            value: value.toString("hex"),
          })),
        ).toEqual(appends.map(expected));
        expect(read.map(({ offset, timestamp }) => [offset, timestamp])).toEqual(
          appends.map((_, place) => [String(place), String(NOW_MS)]),
        );
      }),
    );
  });

  test("is the request that kafkajs makes, but for what marks a producer without an id", async () => {
    await fc.assert(
      fc.asyncProperty(records, async (appends) => {
        const messages = appends.map(({ key, headers, value }) => ({
          ...{ key: key ?? null, headers, value: Buffer.from(value), timestamp: NOW_MS },
        }));
        const partitions = [{ partition: 3, messages, firstSequence: -1 }];
        const stock = await encodeStock({
          ...{ acks: -1, timeout: 4000, producerEpoch: -1 },
          topicData: [{ topic: "t", partitions }],
        }).encode();
        expect(encodeOwn(appends).equals(stock.buffer)).toBe(true);
      }),
    );
  });

  test("may be as large as memory, and of as many partitions and topics as wanted", async () => {
    const large = encodeRecord({
      topic: "a",
      key: "k".repeat(200),
      headers: { x: "ü".repeat(5000) },
      value: Buffer.alloc(3_000_000, 7),
    });
    const small = encodeRecord({ topic: "a", headers: {}, value: Buffer.alloc(0) });
    const partitions = [0, 1].map((partition) => ({ partition, messages: [small, large, small] }));
    const topicData = ["a", "größe"].map((topic) => ({ topic, partitions }));
    const { buffer } = encodeProduce({ acks: 1, timeout: 1, topicData }, NOW_MS);
    const batch = buffer.subarray(2 + 2 + 4 + 4 + (2 + 1) + 4 + 4 + 4);
    const read = await decodeRecords(batch.subarray(0, 12 + batch.readInt32BE(8)), NO_CODEC);
    expect(read.map(({ value }) => value?.length)).toEqual([0, 3_000_000, 0]);
    expect(read[1]?.headers["x"]).toBe("ü".repeat(5000));
  });
});

describe("what is read", () => {
  test("is what kafkajs wrote", async () => {
    await fc.assert(
      fc.asyncProperty(records, fc.array(fc.integer({ min: 0, max: 2 ** 45 })), async (appends, times) => {
        const messages = appends.map(({ key, headers, value }, index) => ({
          ...{ key: key ?? null, headers, value: Buffer.from(value), timestamp: String(times[index] ?? NOW_MS) },
        }));
        const stock = await encodeStock({
          ...{ acks: -1, timeout: 4000 },
          topicData: [{ topic: "t", partitions: [{ partition: 3, messages }] }],
        }).encode();
        const batch = batchOf(stock.buffer).subarray(4);
        const read = await decodeRecords(Buffer.concat([batch, batch]), NO_CODEC);
        expect(read.map(plain)).toEqual([...appends, ...appends].map(expected));
        expect(read.map(({ offset }) => offset)).toEqual([...appends.keys(), ...appends.keys()]);
        expect(read.slice(0, appends.length).map(({ timestamp }) => timestamp)).toEqual(
          appends.map((_, index) => times[index] ?? NOW_MS),
        );
      }),
    );
  });

  test("has the log's own time of the append, where the topic keeps that", async () => {
    const batch = batchOf(encodeOwn([{ headers: {}, value: Buffer.from("a") }])).subarray(4);
    const appendedAtMs = NOW_MS + 2 ** 33;
    batch.writeInt16BE(0x08, 21);
    batch.writeBigInt64BE(BigInt(appendedAtMs), 35);
    batch.writeBigInt64BE(BigInt(2 ** 40 + 5), 0);
    const [read] = await decodeRecords(batch, NO_CODEC);
    expect([read?.timestamp, read?.offset]).toEqual([appendedAtMs, 2 ** 40 + 5]);
  });

  test("is the last value of a name that comes twice, and nothing of one that is null", async () => {
    const messages = [{ key: null, value: Buffer.from("a"), headers: { twice: ["1", "2"], once: "3" } }];
    const topicData = [{ topic: "t", partitions: [{ partition: 3, messages }] }];
    const stock = await encodeStock({ acks: -1, timeout: 4000, topicData }).encode();
    const [read] = await decodeRecords(batchOf(stock.buffer).subarray(4), NO_CODEC);
    expect({ ...read?.headers }).toEqual({ twice: "2", once: "3" });
    // A record of one byte of attributes, no deltas, no key, no value, and a header "n" without a value.
    const bare = batchOf(encodeOwn([{ headers: { n: "" }, value: Buffer.alloc(0) }])).subarray(4);
    bare[bare.length - 1] = 1;
    const [nothing] = await decodeRecords(bare, NO_CODEC);
    expect(nothing?.headers["n"]).toBe("");
  });

  test("ends before a batch that was cut, and says which lengths don't fit", async () => {
    const batch = batchOf(encodeOwn([{ headers: { a: "b" }, value: Buffer.from("value") }])).subarray(4);
    const cut = Buffer.concat([batch, batch.subarray(0, batch.length - 1)]);
    await expect(decodeRecords(cut, NO_CODEC)).resolves.toHaveLength(1);
    await expect(decodeRecords(batch.subarray(0, 60), NO_CODEC)).resolves.toEqual([]);
    for (let at = 57; at < batch.length; at++) {
      const broken = Buffer.from(batch);
      broken[at] = 0x7e;
      // Either it is another record, or a clear error: never a hang, and nothing from beyond the batch.
      await decodeRecords(broken, NO_CODEC).catch((error: unknown) => {
        expect(error).toBeInstanceOf(RangeError);
      });
    }
    const old = Buffer.from(batch);
    old[16] = 1;
    await expect(decodeRecords(old, NO_CODEC)).rejects.toThrow("records in format 1, not 2");
  });

  test("may be compressed", async () => {
    const batch = batchOf(encodeOwn([{ headers: { a: "b" }, value: Buffer.from("value") }])).subarray(4);
    const head = Buffer.from(batch.subarray(0, 61));
    head.writeInt16BE(1, 21);
    const own = Buffer.from("squeezed");
    head.writeInt32BE(61 - 12 + own.length, 8);
    const asked: [number, string][] = [];
    const [read] = await decodeRecords(Buffer.concat([head, own]), async (codec, bytes) => {
      asked.push([codec, bytes.toString()]);
      return Promise.resolve(batch.subarray(61));
    });
    expect([asked, read?.value?.toString()]).toEqual([[[1, "squeezed"]], "value"]);
  });

  test("keeps a name that an object has for something else", async () => {
    const appends = [
      {
        headers: Object.fromEntries([
          ["__proto__", "a"],
          ["constructor", "b"],
        ]),
        value: Buffer.alloc(0),
      },
    ];
    const [read] = await decodeRecords(batchOf(encodeOwn(appends)).subarray(4), NO_CODEC);
    expect(Object.entries(read?.headers ?? {})).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
    expect("toString" in (read?.headers ?? {})).toBe(false);
  });
});

test("the checksum is that of RFC 3720, and kafkajs's", () => {
  const ascending = Buffer.from(Array.from({ length: 32 }, (_, byte) => byte));
  expect(crc32c(Buffer.alloc(32), 0, 32)).toBe(0x8a9136aa);
  expect(crc32c(Buffer.alloc(32, 0xff), 0, 32)).toBe(0x62a8ab43);
  expect(crc32c(ascending, 0, 32)).toBe(0x46dd794e);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(20), (all, start) => {
      const from = Math.min(start, all.length);
      const expected = checksumStock(Buffer.from(all.subarray(from)));
      expect(crc32c(all, from, all.length)).toBe(expected);
      // As a part of other memory, where its words begin elsewhere.
      expect(crc32c(all.subarray(from), 0, all.length - from)).toBe(expected);
    }),
  );
});
