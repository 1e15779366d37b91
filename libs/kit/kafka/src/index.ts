export {
  KafkaError,
  type GroupConsumer,
  type GroupEvents,
  type GroupOptions,
  type GroupPosition,
  type Kafka,
  type KafkaAppend,
  type KafkaErrorCode,
  type KafkaProducer,
  type KafkaRecord,
  type RangeToRead,
  type TopicPartition,
  type TopicPlan,
} from "./kafka.ts";
export { KAFKA_SETTINGS } from "./kafka-settings.ts";
export { describeKafkaNotice, type KafkaNotice } from "./kafka-notice.ts";
export { openKafka, type OpenKafkaOptions } from "./open-kafka.ts";
export { openPreparedKafka, type PreparedKafkaOptions } from "./open-prepared-kafka.ts";
