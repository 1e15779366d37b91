import { randomUUID } from "node:crypto";
import { type Kafka, openKafka } from "@postrider/kit-kafka";
import { systemClock } from "@postrider/kit-lifecycle";
import { findStack } from "@postrider/testing";
import { describe, expect, test } from "vitest";
import { describeDeferred, type DeferredBench } from "../testing/describe-deferred.ts";
import { runAndCollect, type TaskCollector } from "../testing/task-collector.ts";
import { openKafkaDeferred } from "./open-kafka-deferred.ts";
import { deferredTopics } from "./tiers.ts";

const hourMs = 3_600_000;
const stack = findStack();

describe.skipIf(stack === undefined)("with a real Kafka", () => {
  describeDeferred("deferred work in Kafka", async (): Promise<DeferredBench> => {
    const namePrefix = `t${randomUUID().slice(0, 8)}.`;
    let kafka = await connect(namePrefix);
    return {
      deferred: openKafkaDeferred({ kafka, clock: systemClock }),
      reopen: async () => {
        await kafka.close();
        kafka = await connect(namePrefix);
        return openKafkaDeferred({ kafka, clock: systemClock });
      },
      close: () => kafka.close(),
      latenessMs: 500,
      startMs: 2_000,
    };
  });

  test("2,000 tasks over 20 s come in order and in time, over a restart in the middle", async () => {
    const namePrefix = `t${randomUUID().slice(0, 8)}.`;
    const kafka = await connect(namePrefix);
    const { defer } = openKafkaDeferred({ kafka, clock: systemClock });
    const first = await runOn(namePrefix);
    const fromMs = Date.now() + 3_000;
    const planned = Array.from({ length: 2_000 }, (_, index) => ({
      key: `task-${index}`,
      value: new Uint8Array(500),
      // Scattered, so that the log's order is not that of the due times.
      dueAtMs: fromMs + ((index * 7_919) % 2_000) * 10,
    }));
    for (let from = 0; from < planned.length; from += 200) await defer(planned.slice(from, from + 200));
    await first.collector.until(1_000);
    await first.stop();
    const second = await runOn(namePrefix);
    // What a crash would repeat, a stop does not: the two together hand out each task once.
    await second.collector.until(2_000 - first.collector.handedOut.length);
    await second.stop();
    await kafka.close();

    const all = [...first.collector.handedOut, ...second.collector.handedOut];
    expect(new Set(all.map(({ task }) => task.key)).size).toBe(2_000);
    expect(all).toHaveLength(2_000);
    expect(all.filter(({ task, atMs }) => atMs < task.dueAtMs)).toEqual([]);
    // What was due while nobody ran could not come before somebody did.
    const backAtMs = second.collector.handedOut[0]?.atMs ?? 0;
    const lateness = [
      ...first.collector.handedOut.map(({ task, atMs }) => atMs - task.dueAtMs),
      ...second.collector.handedOut.map(({ task, atMs }) => atMs - Math.max(task.dueAtMs, backAtMs)),
    ].toSorted((a, b) => a - b);
    console.log(`lateness p50 ${lateness.at(1_000)} ms, p99 ${lateness.at(1_980)} ms, highest ${lateness.at(-1)} ms`);
    // Generous, for a busy machine; alone it is a fifth of a second.
    expect(lateness.at(1_980)).toBeLessThan(2_000);
  });
});

interface RunningProcess {
  readonly collector: TaskCollector;
  readonly stop: () => Promise<void>;
}

/** As a process of its own would. */
async function runOn(namePrefix: string): Promise<RunningProcess> {
  const kafka = await connect(namePrefix);
  const collector = runAndCollect(openKafkaDeferred({ kafka, clock: systemClock }), { maxInFlight: 500 });
  return {
    collector,
    stop: async () => {
      await collector.stop();
      await kafka.close();
    },
  };
}

async function connect(namePrefix: string): Promise<Kafka> {
  const kafka = await openKafka({
    brokers: stack?.kafkaBrokers.split(",") ?? [],
    ...{ namePrefix, clientId: "deferred-test", clock: systemClock, partitions: 3, replication: 1 },
    onNotice: () => undefined,
  });
  await kafka.ensureTopics(deferredTopics(24 * hourMs));
  return kafka;
}
