// When retries are due, by what stands in the log.
import { AttemptBatch } from "@postrider/contracts/postrider/log/v1/delivery";
import { ATTEMPTS, type KafkaView } from "./kafka-view.ts";

/** What the attempts' verdicts said, by event; milliseconds since the epoch. */
export async function findDueTimes(kafka: Pick<KafkaView, "readAll">): Promise<ReadonlyMap<string, number>> {
  const records = await kafka.readAll(ATTEMPTS);
  const attempts = records.flatMap(({ value }) => AttemptBatch.decode(value).attempts);
  return new Map(
    attempts.flatMap(({ eventId, verdict }) =>
      verdict?.$case === "retry" ? [[eventId, Number(verdict.value.atMs)]] : [],
    ),
  );
}
