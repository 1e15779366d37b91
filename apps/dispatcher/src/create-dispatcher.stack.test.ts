import { randomBytes } from "node:crypto";
import { deferredTopics, openKafkaDeferred } from "@postrider/kit-deferred";
import { createEgress, createEgressPolicy } from "@postrider/kit-egress";
import { openKafkaEventLog } from "@postrider/kit-event-log";
import { type Kafka, openKafka } from "@postrider/kit-kafka";
import { createSystemRandom, systemClock } from "@postrider/kit-lifecycle";
import { createRegistry } from "@postrider/kit-telemetry";
import { encodeEvent, planTopics } from "@postrider/records";
import { findStack, startReceiver } from "@postrider/testing";
import { afterEach, describe, expect, test } from "vitest";
import { createDispatcher } from "./index.ts";
import { eventOf, silentLogger } from "./testing/builders.ts";
import { subscribe } from "./testing/subscribe.ts";

const stack = findStack();
const PARTITIONS = 6;
const DAY_MS = 86_400_000;
const opened: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

interface Running {
  readonly countPartitions: () => Promise<number>;
  /** Drains and leaves its group. */
  readonly stop: () => Promise<void>;
}

interface Platform {
  /** Starts one more dispatcher, with a connection of its own, as a process would have. */
  readonly dispatch: (callbackUrl: string) => Promise<Running>;
  readonly publish: (ids: readonly string[]) => Promise<void>;
}

async function openPlatform(): Promise<Platform> {
  const namePrefix = `test-${randomBytes(6).toString("hex")}.`;
  const open = async (): Promise<Kafka> =>
    openKafka({
      brokers: (stack?.kafkaBrokers ?? "").split(","),
      ...{ namePrefix, clientId: "test", clock: systemClock, partitions: PARTITIONS, replication: 1 },
    });
  const kafka = await open();
  opened.push(kafka.close);
  await kafka.ensureTopics([...planTopics(DAY_MS), ...deferredTopics(DAY_MS)]);
  const { writer } = openKafkaEventLog({ kafka });
  const policy = createEgressPolicy({ allowedRanges: ["127.0.0.0/8"], allowHttp: true, ports: "any" });
  const egress = createEgress({ policy, clock: systemClock });
  opened.push(async () => egress.close(0));
  return {
    publish: async (ids) => {
      await writer.append(ids.map((id) => encodeEvent(eventOf({ id }))));
    },
    dispatch: async (callbackUrl) => {
      const own = await open();
      const [registry, stopping] = [createRegistry(), new AbortController()];
      const dispatcher = createDispatcher({
        log: openKafkaEventLog({ kafka: own }),
        deferred: openKafkaDeferred({ kafka: own, clock: systemClock }),
        ...{ subscriptions: subscribe(callbackUrl), egress, clock: systemClock, random: createSystemRandom() },
        process: {
          ...{ registry, logger: silentLogger, version: "1.2.3", graceMs: 5000, commitMs: 200 },
          ...{ healthReportMs: 3_600_000, isShared: true },
        },
      });
      const ended = dispatcher.run(stopping.signal);
      const stop = async (): Promise<void> => {
        stopping.abort();
        await ended;
        await own.close();
      };
      opened.push(stop);
      const partitions = registry.getSingleMetric("postrider_assigned_partitions");
      return { stop, countPartitions: async () => (await partitions?.get())?.values[0]?.value ?? 0 };
    },
  };
}

describe.skipIf(stack === undefined)("on a real broker", () => {
  test(
    "dispatchers come and go while events flow: none is lost, no partition is left alone",
    { timeout: 120_000 },
    async () => {
      const platform = await openPlatform();
      const received = new Map<string, number>();
      let noteReceived = (): void => undefined;
      const receiver = await startReceiver({ answer: [{ status: 200 }] });
      opened.push(receiver.close);
      receiver.answer(({ headers }) => {
        const id = String(headers["webhook-id"]);
        received.set(id, (received.get(id) ?? 0) + 1);
        noteReceived();
        return { status: 200 };
      });

      let published = 0;
      /** Publishes to all partitions, again and again, each time until everything has arrived, until the condition holds. */
      async function publishUntil(isSo: () => Promise<boolean>): Promise<void> {
        for (;;) {
          const hasHeld = await isSo();
          const all = new Promise<void>((resolve) => {
            noteReceived = () => {
              if (received.size === published) resolve();
            };
          });
          const ids = Array.from({ length: 40 }, () => `evt_${(published += 1)}`);
          await platform.publish(ids);
          await all;
          if (hasHeld) return;
        }
      }
      const share = async (running: readonly Running[]): Promise<number[]> =>
        Promise.all(running.map(async ({ countPartitions }) => countPartitions()));

      const first = await platform.dispatch(receiver.url);
      await publishUntil(async () => (await first.countPartitions()) === PARTITIONS);
      const others = [await platform.dispatch(receiver.url), await platform.dispatch(receiver.url)];
      await publishUntil(async () => (await share([first, ...others])).every((count) => count === 2));
      await first.stop();
      await publishUntil(async () => (await share(others)).every((count) => count === 3));

      expect(received.size).toBe(published);
      const repeated = [...received.values()].reduce((sum, count) => sum + count - 1, 0);
      // What was in flight when partitions moved: at most one round each of three times.
      expect(repeated).toBeLessThanOrEqual(120);
    },
  );
});
