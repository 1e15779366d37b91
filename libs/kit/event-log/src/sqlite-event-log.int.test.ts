import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@postrider/kit-lifecycle";
import { openSqlite } from "@postrider/kit-sqlite";
import type { EventLog } from "./event-log.ts";
import { openSqliteEventLog } from "./open-sqlite-event-log.ts";
import { describeEventLog, type EventLogBench } from "./testing/describe-event-log.ts";
import { eventLogSchema } from "./topic.ts";

const topics = ["events", "due.0s"] as const;
const retentionMs = 3_600_000;

describeEventLog("event log in SQLite", async (): Promise<EventLogBench> => {
  const folder = await mkdtemp(join(tmpdir(), "postrider-log-"));
  let current = await open(folder);
  return {
    log: current.log,
    topics,
    reopen: async () => {
      await current.close();
      current = await open(folder);
      return current.log;
    },
    close: async () => {
      await current.close();
      await rm(folder, { recursive: true });
    },
  };
});

async function open(folder: string): Promise<{ readonly log: EventLog; readonly close: () => Promise<void> }> {
  const sqlite = await openSqlite({ path: join(folder, "log.db"), schema: eventLogSchema(topics) });
  const settings = topics.map((name) => ({ name, retentionMs }));
  const log = openSqliteEventLog({ sqlite, topics: settings, clock: systemClock });
  return {
    log,
    close: async () => {
      await log.close();
      await sqlite.close();
    },
  };
}
