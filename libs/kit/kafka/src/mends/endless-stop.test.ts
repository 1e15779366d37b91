import { EventEmitter } from "node:events";
import { deferredPromise } from "@postrider/testing";
import { describe, expect, test } from "vitest";
import { requireMended, requireUnmended } from "../testing/kafkajs-files.ts";
import type { FetchingRunner } from "./endless-stop.ts";

interface Runner extends FetchingRunner {
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}
type RunnerClass = new (options: Readonly<Record<string, unknown>>) => Runner;

/** So many questions after the stop are taken for no end of them. */
const ENDLESS = 1000;

/** Stops a consumer between the loss of a broker and the end of the last fetch. Returns how often it was asked after it. */
async function countFetchesAfterStop(RunnerOf: RunnerClass): Promise<number> {
  let nodeIds = ["1", "2"];
  const isOut = deferredPromise();
  const answer = deferredPromise<readonly unknown[]>();
  let fetches = 0;
  const consumerGroup = {
    connect: async () => Promise.resolve(),
    joinAndSync: async () => Promise.resolve(),
    heartbeat: async () => Promise.resolve(),
    leave: async () => Promise.resolve(),
    getNodeIds: () => nodeIds,
    fetch: async (nodeId: string) => {
      if (nodeId === "1") {
        isOut.resolve(undefined);
        return answer.promise;
      }
      await isOut.promise;
      // Broker 2 leaves: the next fetch finds that, and waits for the one that is out.
      nodeIds = ["1"];
      return [];
    },
  };
  const logger = {
    ...{ namespace: () => logger, info: () => undefined, warn: () => undefined, error: () => undefined },
    // What it says for each of them.
    debug: (words: string) => {
      if (!words.startsWith("consumer not running")) return;
      fetches += 1;
      if (fetches > ENDLESS) throw new Error("endless");
    },
  };
  const runner = new RunnerOf({
    ...{ consumerGroup, concurrency: 1, retry: { retries: 0 }, onCrash: () => undefined },
    ...{ instrumentationEmitter: new EventEmitter(), logger },
  });
  await runner.start();
  await isOut.promise;
  await new Promise(setImmediate);
  const stopped = runner.stop();
  answer.resolve([]);
  await stopped;
  return fetches;
}

describe("a consumer that is stopped while its fetchers are made anew", () => {
  test("the fault: asks without end", async () => {
    expect(await countFetchesAfterStop(requireUnmended("consumer/runner"))).toBeGreaterThan(ENDLESS);
  });

  test("mended: ends", async () => {
    expect(await countFetchesAfterStop(requireMended("consumer/runner"))).toBeLessThanOrEqual(2);
  });
});
