import { randomBytes } from "node:crypto";
import { openKafka } from "@postrider/kit-kafka";
import { systemClock } from "@postrider/kit-lifecycle";
import { findStack } from "@postrider/testing";
import { describe } from "vitest";
import { openKafkaEventLog } from "./index.ts";
import { describeEventLog, type EventLogBench } from "./testing/index.ts";

const stack = findStack();
const HOUR_MS = 3_600_000;

async function openBench(brokers: string): Promise<EventLogBench> {
  const namePrefix = `test-${randomBytes(6).toString("hex")}.`;
  const topics: [string, string] = ["first", "second"];
  const open = async () =>
    openKafka({
      brokers: brokers.split(","),
      ...{ namePrefix, clientId: "test", clock: systemClock, partitions: 3, replication: 1 },
    });
  let kafka = await open();
  await kafka.ensureTopics(topics.map((name) => ({ name, retentionMs: HOUR_MS, maxMessageBytes: 1_048_588 })));
  return {
    log: openKafkaEventLog({ kafka }),
    topics,
    reopen: async () => {
      await kafka.close();
      kafka = await open();
      return openKafkaEventLog({ kafka });
    },
    close: async () => kafka.close(),
  };
}

describe.skipIf(stack === undefined)("on a real broker", () => {
  describeEventLog("the event log on Kafka", async () => openBench(stack?.kafkaBrokers ?? ""));
});
