import { FakeClock } from "@postrider/testing";
import { describe, expect, test } from "vitest";
import type { KafkaRecord, RangeToRead } from "./kafka.ts";
import type { Cluster } from "./kafkajs-internals.ts";
import { createNames } from "./names.ts";
import { readRange } from "./read-range.ts";
import { createProtocolError } from "./testing/protocol-error.ts";

/** Of one partition, offsets 2 to 9, appended a second apart from the epoch on: what was before is gone. */
const EARLIEST = 2;
const END = 10;
const PAGE_RECORDS = 3;

/** A cluster of two nodes; node 1 leads until it is dead, and the client knows that when it has asked. */
class PagedCluster {
  isDead = false;
  known = 1;
  fetches = 0;
  refreshes = 0;
  readonly addMultipleTargetTopics = async (): Promise<void> => Promise.resolve();
  readonly refreshMetadataIfNecessary = async (): Promise<void> => Promise.resolve();
  readonly findTopicPartitionMetadata = (): object[] => [{ partitionId: 0, leader: this.known }];
  readonly findBroker = async ({ nodeId }: { readonly nodeId: number }): Promise<object> =>
    Promise.resolve({ fetch: async (request: FetchRequest) => this.#fetch(nodeId, request) });

  readonly refreshMetadata = async (): Promise<void> => {
    this.refreshes++;
    if (this.isDead) this.known = 2;
    return Promise.resolve();
  };

  readonly fetchTopicsOffset = async ([asked]: readonly { fromTimestamp?: number }[]): Promise<object[]> => {
    const since = asked?.fromTimestamp;
    const found = since === undefined ? EARLIEST : Math.max(EARLIEST, Math.ceil(since / 1000));
    const offset = found < END ? found : -1;
    return Promise.resolve([{ topic: "p.t", partitions: [{ partition: 0, offset: String(offset) }] }]);
  };

  async #fetch(nodeId: number, { topics }: FetchRequest): Promise<object> {
    this.fetches++;
    if (this.fetches > 50) throw new Error("read without end");
    if (this.isDead && nodeId === 1) throw createProtocolError("NOT_LEADER_FOR_PARTITION");
    const asked = Number(topics[0]?.partitions[0]?.fetchOffset);
    // Brokers answer with whole batches: what is before the offset comes as well.
    const first = asked - (asked % PAGE_RECORDS);
    const messages = Array.from({ length: Math.min(PAGE_RECORDS, END - first) }, (_, index) => ({
      ...{ offset: first + index, timestamp: (first + index) * 1000 },
      ...{ key: null, value: Buffer.from(String(first + index)), headers: {}, isControlRecord: false },
    }));
    return Promise.resolve({ responses: [{ partitions: [{ partition: 0, highWatermark: String(END), messages }] }] });
  }
}

interface FetchRequest {
  readonly topics: readonly { readonly partitions: readonly { readonly fetchOffset: string }[] }[];
}

function read(range: Partial<RangeToRead>, cluster = new PagedCluster()) {
  const clock = new FakeClock();
  const pages = readRange(
    { topic: "t", partition: 0, sinceMs: 0, beforeOffset: END, ...range },
    { cluster: cluster as unknown as Cluster, clock, names: createNames("p.") },
  );
  return { clock, cluster, read: collect(pages) };
}

async function collect(pages: AsyncIterable<readonly KafkaRecord[]>): Promise<number[][]> {
  const read: number[][] = [];
  for await (const page of pages) read.push(page.map(({ offset }) => offset));
  return read;
}

describe("a range of a partition", () => {
  test.each([
    ["is read page by page, from what is left of it", {}, [[2], [3, 4, 5], [6, 7, 8], [9]]],
    ["begins at its time", { sinceMs: 6_500 }, [[7, 8], [9]]],
    ["begins at its offset, when that is later", { sinceMs: 3_000, fromOffset: 7 }, [[7, 8], [9]]],
    ["begins at its time, when that is later", { sinceMs: 8_000, fromOffset: 6 }, [[8], [9]]],
    ["ends before its end, though a page brings more", { sinceMs: 4_000, beforeOffset: 7 }, [[4, 5], [6]]],
    ["ends where the log ends", { sinceMs: 8_000, beforeOffset: 1_000 }, [[8], [9]]],
    ["is empty when nothing was appended since", { sinceMs: 60_000 }, []],
    ["is empty when it ends before it begins", { sinceMs: 6_000, beforeOffset: 6 }, []],
  ] satisfies [string, Partial<RangeToRead>, number[][]][])("%s", async (_, range, expected) => {
    expect(await read(range).read).toEqual(expected);
  });

  test("that is empty is not fetched", async () => {
    const { cluster, read: reading } = read({ sinceMs: 6_000, beforeOffset: 6 });
    await reading;
    expect(cluster.fetches).toBe(0);
  });
});

describe("a leader that is none any more", () => {
  test("is asked for again, and the range is read without a hole", async () => {
    const dying = new PagedCluster();
    dying.isDead = true;
    const { clock, read: reading } = read({ sinceMs: 6_000 }, dying);
    await clock.advanceAsync(250);
    expect(await reading).toEqual([[6, 7, 8], [9]]);
    expect(dying.refreshes).toBe(1);
  });

  test("and has no successor ends the reading, with the partition's name", async () => {
    const dead = new PagedCluster();
    dead.isDead = true;
    dead.known = 1;
    const { clock, read: reading } = read(
      {},
      Object.assign(dead, { refreshMetadata: async () => Promise.reject(new Error("no answer")) }),
    );
    const failing = expect(reading).rejects.toThrow(
      /^could not read back partition 0 of p\.t: NOT_LEADER_FOR_PARTITION/,
    );
    await clock.advanceAsync(60_000);
    await failing;
    await expect(reading).rejects.toMatchObject({ name: "KafkaError", code: "unavailable" });
    expect(dead.fetches).toBe(8);
  });
});
