import { LogError, type LogRecord, type TopicSettings } from "./event-log.ts";

/** A reader that stands at the end of its topic, and takes what was just committed straight from memory. */
export interface Tail {
  readonly offer: (records: readonly LogRecord[]) => void;
}

/** What this process knows of one topic. It is the file's only writer, so the end in memory is the end in the table. */
export interface Topic {
  readonly settings: TopicSettings;
  /** The quoted name of the topic's table. */
  readonly table: string;
  /** The offset after the last one known to be committed; 0 until the first append or the first run of a reader. */
  endOffset: number;
  /** The readers that run, by group: one a group. */
  readonly tails: Map<string, Tail>;
}

/** Kafka's own rule for the names of topics, so that a name that works here works there. */
const topicNamePattern = /^[A-Za-z0-9._-]{1,249}$/;

/**
 * DDL for {@link openSqliteEventLog}, to be given to `openSqlite`. Idempotent.
 * @throws {LogError} `refused` for a name that is no topic name, or names that differ only in case (SQLite's tables do not)
 */
export function eventLogSchema(topicNames: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  for (const name of topicNames) {
    if (seen.has(name.toLowerCase())) throw new LogError("refused", `topic ${name}: named twice, case aside`);
    seen.add(name.toLowerCase());
  }
  // AUTOINCREMENT: offsets of deleted records are never given out again.
  const tables = topicNames.map(
    (name) => `CREATE TABLE IF NOT EXISTS ${tableOf(name)} (
      "offset" INTEGER PRIMARY KEY AUTOINCREMENT,
      key TEXT,
      headers TEXT NOT NULL,
      value BLOB NOT NULL,
      appended_at_ms INTEGER NOT NULL)`,
  );
  const positions = `CREATE TABLE IF NOT EXISTS log_positions (
    topic TEXT NOT NULL,
    grp TEXT NOT NULL,
    partition INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    PRIMARY KEY (topic, grp, partition)) WITHOUT ROWID`;
  return [positions, ...tables];
}

/** @throws {LogError} `refused` for a name that is no topic name */
export function createTopic(settings: TopicSettings): Topic {
  return { settings, table: tableOf(settings.name), endOffset: 0, tails: new Map() };
}

function tableOf(topicName: string): string {
  if (topicNamePattern.test(topicName)) return `"log.${topicName}"`;
  throw new LogError("refused", `topic "${topicName}": must match ${topicNamePattern.source}`);
}
