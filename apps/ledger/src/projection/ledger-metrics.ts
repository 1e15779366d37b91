import { Counter, Gauge, type Registry } from "prom-client";
import type { Added } from "../store/ledger-store.ts";
import type { LedgerTopic } from "./decode-record.ts";

/** Why an entry of the log is not in the ledger. */
type Skipped = "malformed" | "outdated" | "refused";

/** What the ledger counts. */
export interface LedgerMetrics {
  readonly added: (added: Added) => void;
  readonly skipped: (reason: Skipped, count: number) => void;
  /** The database did not take a batch; it is tried again. */
  readonly failed: () => void;
  /** What to ask how far a topic is behind. */
  readonly watch: (topic: LedgerTopic, readBacklog: () => Backlog) => void;
}

/** What was read and is not in the database yet. */
export interface Backlog {
  readonly records: number;
  /** Since the oldest of them was appended. */
  readonly ageMs: number;
}

export function createLedgerMetrics(registry: Registry): LedgerMetrics {
  const registers = [registry];
  const rows = new Counter({
    name: "postrider_ledger_rows_total",
    help: "Rows added to the ledger, by table. What is read again after a crash adds none.",
    labelNames: ["table"],
    registers,
  });
  const skipped = new Counter({
    name: "postrider_ledger_skipped_total",
    help: "Entries of the log that are not in the ledger: malformed (of no known form), outdated (older than its retention) or refused (the database takes all but them; look at the log for their ids).",
    labelNames: ["reason"],
    registers,
  });
  const failures = new Counter({
    name: "postrider_ledger_failed_writes_total",
    help: "Writes that the ledger's database did not take, and that are tried again until it does.",
    registers,
  });
  return {
    added: ({ events, attempts }) => {
      if (events > 0) rows.inc({ table: "events" }, events);
      if (attempts > 0) rows.inc({ table: "attempts" }, attempts);
    },
    skipped: (reason, count) => {
      if (count > 0) skipped.inc({ reason }, count);
    },
    failed: () => {
      failures.inc();
    },
    watch: createBacklogGauges(registry),
  };
}

function createBacklogGauges(registry: Registry): LedgerMetrics["watch"] {
  const backlogs = new Map<LedgerTopic, () => Backlog>();
  const add = (name: string, help: string, read: (backlog: Backlog) => number): void => {
    new Gauge({
      ...{ name, help, labelNames: ["topic"] as const, registers: [registry] },
      collect() {
        for (const [topic, readBacklog] of backlogs) this.set({ topic }, read(readBacklog()));
      },
    });
  };
  add(
    "postrider_ledger_lag_seconds",
    "Age of the oldest record of a topic that this process has read and not yet written to the ledger; 0 when there is none.",
    ({ ageMs }) => ageMs / 1000,
  );
  add(
    "postrider_ledger_waiting_records",
    "Records of a topic that this process has read and not yet written to the ledger. What is not read yet stands in the log: on Kafka the lag of the groups ledger.<topic>.",
    ({ records }) => records,
  );
  return (topic, readBacklog) => {
    backlogs.set(topic, readBacklog);
  };
}
