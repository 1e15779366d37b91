import { FakeClock } from "@postrider/testing";
import { describe, expect, test } from "vitest";
import { watchProgress } from "./group-watchdog.ts";
import { type Holding, Holdings } from "./holdings.ts";
import type { ConsumerGroup } from "./kafkajs-internals.ts";

const MINUTE_MS = 60_000;

/** A member that has partition 0, at offset 5 of 10. */
function createWatched() {
  const clock = new FakeClock();
  const holdings = new Holdings();
  holdings.reassign([{ topic: "t", partitions: [0] }], { isContinuous: false });
  const state = {
    offset: 5,
    end: 10,
    isAnswering: true,
    isPaused: false,
    /** How often the cluster was asked. */
    looks: 0,
  };
  const group = {
    offsetManager: { nextOffset: () => state.offset },
    cluster: {
      fetchTopicsOffset: async () => {
        state.looks++;
        if (!state.isAnswering) throw new Error("no answer");
        return Promise.resolve([{ topic: "t", partitions: [{ partition: 0, offset: String(state.end) }] }]);
      },
    },
  } as unknown as ConsumerGroup;
  const stuck: [Holding, number][] = [];
  const stop = watchProgress({
    clock,
    findGroup: () => group,
    findReading: () => (state.isPaused ? [] : holdings.all()),
    onStuck: (holding, offset) => stuck.push([holding, offset]),
  });
  return { clock, holdings, state, stuck, stop };
}

describe("a partition with records that are not read", () => {
  test("is found after a minute, with the offset where it stands", async () => {
    const { clock, holdings, stuck } = createWatched();
    await clock.advanceAsync(MINUTE_MS);
    expect(stuck).toEqual([]);
    await clock.advanceAsync(MINUTE_MS);
    expect(stuck[0]).toEqual([holdings.find("t", 0), 5]);
  });

  test("is none as long as one is read now and then", async () => {
    const { clock, state, stuck } = createWatched();
    for (; state.offset < 10; state.offset++) await clock.advanceAsync(MINUTE_MS - 1);
    expect(stuck).toEqual([]);
  });

  test("is none when there is nothing to read", async () => {
    const { clock, state, stuck } = createWatched();
    state.end = 5;
    await clock.advanceAsync(10 * MINUTE_MS);
    expect(stuck).toEqual([]);
  });

  test("is none while the cluster does not answer, and gets its minute anew afterwards", async () => {
    const { clock, state, stuck } = createWatched();
    await clock.advanceAsync(MINUTE_MS);
    state.isAnswering = false;
    await clock.advanceAsync(10 * MINUTE_MS);
    state.isAnswering = true;
    await clock.advanceAsync(MINUTE_MS);
    expect(stuck).toEqual([]);
    await clock.advanceAsync(MINUTE_MS);
    expect(stuck).not.toEqual([]);
  });

  test("is none while it is paused, and gets its minute anew afterwards", async () => {
    const { clock, state, stuck } = createWatched();
    await clock.advanceAsync(MINUTE_MS);
    state.isPaused = true;
    await clock.advanceAsync(10 * MINUTE_MS);
    state.isPaused = false;
    await clock.advanceAsync(MINUTE_MS);
    expect(stuck).toEqual([]);
  });

  test("that came back meanwhile is another one", async () => {
    const { clock, holdings, stuck } = createWatched();
    await clock.advanceAsync(MINUTE_MS);
    holdings.reassign([{ topic: "t", partitions: [0] }], { isContinuous: false });
    await clock.advanceAsync(MINUTE_MS);
    expect(stuck).toEqual([]);
  });
});

test("a watchdog that was stopped looks no more, and leaves no timer", async () => {
  const { clock, state, stop } = createWatched();
  await clock.advanceAsync(MINUTE_MS);
  stop();
  const { looks } = state;
  expect(looks).toBeGreaterThan(0);
  await clock.advanceAsync(10 * MINUTE_MS);
  expect(state.looks).toBe(looks);
  expect(clock.pendingCount).toBe(0);
});
