import type { SettingsOf } from "@postrider/kit-config";
import type { Clock } from "@postrider/kit-lifecycle";
import type { KAFKA_SETTINGS } from "./kafka-settings.ts";
import type { NoticeSink } from "./kafka-notice.ts";
import type { Kafka, TopicPlan } from "./kafka.ts";
import { openKafka } from "./open-kafka.ts";

export interface PreparedKafkaOptions {
  readonly settings: SettingsOf<typeof KAFKA_SETTINGS>;
  readonly clientId: string;
  /** What the service appends to or reads: made, checked, and open to its appends. */
  readonly topics: readonly TopicPlan[];
  readonly clock: Clock;
  readonly onNotice: NoticeSink;
}

/** How a service begins: with the cluster as it needs it, or not at all. @throws {KafkaError} in one line that says what to change */
export async function openPreparedKafka(options: PreparedKafkaOptions): Promise<Kafka> {
  const { settings, clientId, topics, clock, onNotice } = options;
  const kafka = await openKafka({
    ...{ brokers: settings.kafkaBrokers, namePrefix: settings.kafkaTopicPrefix, clientId },
    ...{ partitions: settings.kafkaPartitions, replication: settings.kafkaReplication, clock, onNotice },
  });
  try {
    await kafka.ensureTopics(topics);
    await kafka.assertWritable(topics.map(({ name }) => name));
    return kafka;
  } catch (error) {
    await kafka.close();
    throw error;
  }
}
