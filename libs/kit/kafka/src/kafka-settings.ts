import { integerSetting, listSetting, type Setting } from "@postrider/kit-config";

/** How a service finds its cluster, and what it asks of topics that it makes. The same in every service. */
export const KAFKA_SETTINGS = {
  kafkaBrokers: listSetting({
    variable: "POSTRIDER_KAFKA_BROKERS",
    fallback: "127.0.0.1:9092",
    doc: "Brokers to begin with, as host:port, separated by commas; the others are learnt from them.",
  }),
  kafkaTopicPrefix: optionalNameSetting({
    variable: "POSTRIDER_KAFKA_TOPIC_PREFIX",
    fallback: "",
    doc: "Stands in front of every topic and consumer group, such as `staging.`, so that two platforms can share a cluster.",
  }),
  kafkaPartitions: integerSetting(
    {
      variable: "POSTRIDER_KAFKA_PARTITIONS",
      fallback: "12",
      doc: "Partitions of topics that are made: the most dispatchers that can share the work. Those that exist stay as they are.",
    },
    { min: 1, max: 1000 },
  ),
  kafkaReplication: integerSetting(
    {
      variable: "POSTRIDER_KAFKA_REPLICATION",
      fallback: "3",
      doc: "Copies of each partition; with 3 or more, two must have a record before it counts as accepted. 1 on a single broker: then its disk is the only copy.",
    },
    { min: 1, max: 9 },
  ),
};

/** What Kafka takes in names, or nothing. */
function optionalNameSetting(texts: Pick<Setting<string>, "variable" | "fallback" | "doc">): Setting<string> {
  return {
    ...texts,
    parse: (text) =>
      /^[A-Za-z0-9._-]{0,100}$/.test(text)
        ? { kind: "value", value: text }
        : { kind: "wrong", wanted: "up to 100 of A-Z a-z 0-9 . _ -" },
  };
}
