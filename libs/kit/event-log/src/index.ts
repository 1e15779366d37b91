export {
  LogError,
  type AppendRecord,
  type EventLog,
  type LogErrorCode,
  type LogReader,
  type LogRecord,
  type LogWriter,
  type Position,
  type ReadBackRange,
  type ReaderEvents,
  type TopicSettings,
} from "./event-log.ts";
export { openSqliteEventLog, type SqliteEventLogOptions } from "./open-sqlite-event-log.ts";
export { eventLogSchema } from "./topic.ts";
export { openKafkaEventLog, type KafkaEventLogOptions } from "./open-kafka-event-log.ts";
