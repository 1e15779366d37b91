import { systemClock } from "@postrider/kit-lifecycle";
import { describeDeferred } from "../testing/describe-deferred.ts";
import { createMemoryKafka } from "../testing/memory-kafka.ts";
import { openKafkaDeferred } from "./open-kafka-deferred.ts";

describeDeferred("deferred work in Kafka, on one in memory", () => {
  const memory = createMemoryKafka({ clock: systemClock });
  const open = () => openKafkaDeferred({ kafka: memory.connect(), clock: systemClock });
  return Promise.resolve({
    deferred: open(),
    reopen: () => Promise.resolve(open()),
    close: () => Promise.resolve(),
    latenessMs: 50,
  });
});
