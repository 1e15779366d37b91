import { expect, test } from "vitest";
import { dropEmptyBatches } from "./empty-batches.ts";
import type { FetchingGroup } from "./mends/dead-leader.ts";
import { FetchedBatch } from "./wire/fetched-batch.ts";

test("what brought no records is dropped; what brought only such that are passed over is not", async () => {
  const message = { offset: 4, timestamp: 0, key: null, value: null, headers: {}, isControlRecord: true };
  const empty = new FetchedBatch("t", "5", { partition: 0, highWatermark: "5", messages: [] });
  const before = new FetchedBatch("t", "5", { partition: 1, highWatermark: "6", messages: [message] });
  const control = new FetchedBatch("t", "4", { partition: 2, highWatermark: "5", messages: [message] });
  class Group {
    fetch = async (): Promise<readonly unknown[]> => Promise.resolve([empty, before, control]);
  }
  const prototype = new Group();
  dropEmptyBatches({ prototype: prototype as unknown as FetchingGroup });
  await expect(prototype.fetch()).resolves.toEqual([before, control]);
});
