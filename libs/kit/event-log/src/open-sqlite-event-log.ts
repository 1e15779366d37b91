import type { Clock } from "@postrider/kit-lifecycle";
import type { Sqlite, Statement, StatementResult } from "@postrider/kit-sqlite";
import { LogError, type AppendRecord, type EventLog, type LogRecord, type TopicSettings } from "./event-log.ts";
import { createLogError } from "./log-failure.ts";
import { onlyPartition } from "./record-pages.ts";
import { runRetention } from "./retention.ts";
import { SqliteLogReader } from "./sqlite-log-reader.ts";
import { createTopic, type Topic } from "./topic.ts";

export interface SqliteEventLogOptions {
  /** Opened with `eventLogSchema` of the topics' names in its schema. Stays open when the log is closed. */
  readonly sqlite: Sqlite;
  readonly topics: readonly TopicSettings[];
  readonly clock: Clock;
  /** How often old records are looked for; default 60 s. */
  readonly retentionSweepMs?: number;
}

const defaultRetentionSweepMs = 60_000;

/**
 * The event log in a SQLite file: each topic is a table with one partition, 0, and offsets from 1. One log at a time
 * may be open on a file: it keeps the ends of the topics in memory.
 *
 * An append is one atomic unit, also over several topics. Its records are handed to readers at the end of the topic as
 * the same objects: do not change them afterwards.
 * @throws {LogError} `refused` for settings with a name that is no topic name
 */
export function openSqliteEventLog(options: SqliteEventLogOptions): EventLog {
  const { sqlite, clock, retentionSweepMs: sweepMs = defaultRetentionSweepMs } = options;
  const topics = new Map(options.topics.map((settings) => [settings.name, createTopic(settings)]));
  const closing = new AbortController();
  const closed = closing.signal;
  const retention = runRetention({ sqlite, topics: [...topics.values()], clock, sweepMs }, closed);

  return {
    writer: {
      append: async (records) => {
        if (closed.aborted) throw new LogError("closed", "append: log closed");
        const appendedAtMs = clock.nowMs();
        await append(sqlite, groupByTopic(topics, records), appendedAtMs);
        return { appendedAtMs };
      },
    },
    reader: ({ topic, group }) =>
      new SqliteLogReader({ sqlite, topic: loadTopic(topics, topic), group, clock, closed }),
    close: async () => {
      closing.abort();
      await retention;
    },
  };
}

type RecordsByTopic = ReadonlyMap<Topic, readonly AppendRecord[]>;

function groupByTopic(topics: ReadonlyMap<string, Topic>, records: readonly AppendRecord[]): RecordsByTopic {
  const byTopic = new Map<Topic, AppendRecord[]>();
  for (const record of records) {
    const topic = loadTopic(topics, record.topic);
    const known = byTopic.get(topic);
    if (known === undefined) byTopic.set(topic, [record]);
    else known.push(record);
  }
  return byTopic;
}

function loadTopic(topics: ReadonlyMap<string, Topic>, name: string): Topic {
  const topic = topics.get(name);
  if (topic !== undefined) return topic;
  throw new LogError("setup", `topic ${name}: unknown, there is ${[...topics.keys()].join(", ")}`);
}

async function append(sqlite: Sqlite, byTopic: RecordsByTopic, appendedAtMs: number): Promise<void> {
  const statements: Statement[] = [];
  for (const [{ table }, records] of byTopic) {
    const sql = `INSERT INTO ${table} (key, headers, value, appended_at_ms) VALUES (?, ?, ?, ?)`;
    const rows = records.map((r) => [r.key ?? null, JSON.stringify(r.headers), r.value, appendedAtMs]);
    statements.push({ sql, rows });
  }
  if (statements.length === 0) return;
  const results = await write(sqlite, statements);
  let index = 0;
  for (const [topic, records] of byTopic) {
    const endOffset = (results[index++]?.lastRowid ?? 0) + 1;
    topic.endOffset = Math.max(topic.endOffset, endOffset);
    offerToTails(topic, records, { firstOffset: endOffset - records.length, appendedAtMs });
  }
}

async function write(sqlite: Sqlite, statements: readonly Statement[]): Promise<readonly StatementResult[]> {
  try {
    return await sqlite.write(statements);
  } catch (error) {
    throw createLogError("append", error);
  }
}

/** Offsets are consecutive: this log is its tables' only writer, and the worker runs a statement's rows in one go. */
function offerToTails(
  topic: Topic,
  appended: readonly AppendRecord[],
  { firstOffset, appendedAtMs }: { readonly firstOffset: number; readonly appendedAtMs: number },
): void {
  if (topic.tails.size === 0) return;
  const records = appended.map(({ key, headers, value }, index): LogRecord => {
    const record = { partition: onlyPartition, offset: firstOffset + index, headers, value, appendedAtMs };
    return key === undefined ? record : { ...record, key };
  });
  for (const tail of topic.tails.values()) tail.offer(records);
}
