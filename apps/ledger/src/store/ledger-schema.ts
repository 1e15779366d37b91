/**
 * The ledger's tables. All of them begin their keys with the acceptance of the event: rows come in about that order, a
 * day's rows lie together, and everything about a delivery is in one day.
 *
 * Whatever stands here can be made anew from the log, as far as the log reaches.
 */
export interface LedgerSchema {
  readonly ledger_events: EventRow;
  readonly ledger_attempts: AttemptRow;
  readonly ledger_deliveries: DeliveryRow;
}

/** An event as it was accepted. */
export interface EventRow {
  readonly accepted_at_ms: number;
  readonly id: string;
  readonly tenant_id: string;
  readonly type: string;
  readonly source: string;
  readonly time_ms: number;
  readonly content_type: string;
  readonly ordering_key: string | null;
  readonly data_bytes: number;
  /** All of it, or as much as is kept. */
  readonly data: Uint8Array;
}

/** One HTTP request. `started_at_ms` is in the key because a crash may have an attempt of one number made twice. */
export interface AttemptRow {
  readonly accepted_at_ms: number;
  readonly delivery_id: string;
  readonly number: number;
  readonly started_at_ms: number;
  readonly duration_us: number;
  readonly url: string;
  /** NULL unless it was answered. */
  readonly status: number | null;
  /** 1 or 0. */
  readonly is_acknowledged: number;
  readonly retry_after_ms: number | null;
  readonly body_start: Uint8Array;
  /** Why there was no answer; NULL if there was one. */
  readonly unreachable_reason: string | null;
  /** More of that, where there is more. */
  readonly unreachable_detail: string | null;
  /** Why nothing was sent; NULL if something was. */
  readonly refused_reason: string | null;
  readonly verdict: "delivered" | "retry" | "dead";
  readonly retry_at_ms: number | null;
  readonly dead_reason: string | null;
}

/** What its attempts, and its dead letter, make of a delivery: the fold of `domain/delivery`. */
export interface DeliveryRow {
  readonly accepted_at_ms: number;
  readonly id: string;
  readonly event_id: string;
  readonly tenant_id: string;
  readonly subscription_id: string;
  readonly event_type: string;
  readonly event_time_ms: number;
  readonly state: DeliveryRowState;
  readonly attempts: number;
  readonly last_attempt_at_ms: number | null;
  readonly until_ms: number | null;
  readonly delivered_at_ms: number | null;
  readonly dead_reason: string | null;
}

export type DeliveryRowState = "waiting" | "delivered" | "dead";

export type TableName = keyof LedgerSchema;

/** `?`: may be NULL. */
type ColumnType = "text" | "text?" | "integer" | "integer?" | "bigint" | "bigint?" | "bytes";

export interface Table {
  readonly name: TableName;
  readonly columns: Readonly<Record<string, ColumnType>>;
  readonly key: readonly string[];
  /** By what follows `_by_` in their names. Each serves a filter of the API, in the order of its pages. */
  readonly indexes: Readonly<Record<string, readonly string[]>>;
}

const EVENTS: Table = {
  name: "ledger_events",
  columns: {
    accepted_at_ms: "bigint",
    id: "text",
    tenant_id: "text",
    type: "text",
    source: "text",
    time_ms: "bigint",
    content_type: "text",
    ordering_key: "text?",
    data_bytes: "integer",
    data: "bytes",
  } satisfies Record<keyof EventRow, ColumnType>,
  key: ["accepted_at_ms", "id"],
  indexes: {
    id: ["id"],
    tenant: ["tenant_id", "accepted_at_ms", "id"],
    type: ["tenant_id", "type", "accepted_at_ms", "id"],
  },
};

const ATTEMPTS: Table = {
  name: "ledger_attempts",
  columns: {
    accepted_at_ms: "bigint",
    delivery_id: "text",
    number: "integer",
    started_at_ms: "bigint",
    duration_us: "bigint",
    url: "text",
    status: "integer?",
    is_acknowledged: "integer",
    retry_after_ms: "bigint?",
    body_start: "bytes",
    unreachable_reason: "text?",
    unreachable_detail: "text?",
    refused_reason: "text?",
    verdict: "text",
    retry_at_ms: "bigint?",
    dead_reason: "text?",
  } satisfies Record<keyof AttemptRow, ColumnType>,
  key: ["accepted_at_ms", "delivery_id", "number", "started_at_ms"],
  indexes: {},
};

const DELIVERIES: Table = {
  name: "ledger_deliveries",
  columns: {
    accepted_at_ms: "bigint",
    id: "text",
    event_id: "text",
    tenant_id: "text",
    subscription_id: "text",
    event_type: "text",
    event_time_ms: "bigint",
    state: "text",
    attempts: "integer",
    last_attempt_at_ms: "bigint?",
    until_ms: "bigint?",
    delivered_at_ms: "bigint?",
    dead_reason: "text?",
  } satisfies Record<keyof DeliveryRow, ColumnType>,
  key: ["accepted_at_ms", "id"],
  // Without a state the lists of the three states are merged: an index more for that would cost each delivery.
  indexes: {
    id: ["id"],
    event: ["event_id"],
    state: ["state", "accepted_at_ms", "id"],
    tenant: ["tenant_id", "state", "accepted_at_ms", "id"],
    subscription: ["subscription_id", "state", "accepted_at_ms", "id"],
  },
};

export const TABLES = { events: EVENTS, attempts: ATTEMPTS, deliveries: DELIVERIES } as const;

const SQLITE_TYPES = { text: "TEXT", integer: "INTEGER", bigint: "INTEGER", bytes: "BLOB" } as const;
/** Keys sort by bytes, whatever the database's collation: pages go by their order, and folds by that of reasons. */
const POSTGRES_TYPES = { text: 'TEXT COLLATE "C"', integer: "INTEGER", bigint: "BIGINT", bytes: "BYTEA" } as const;

/** What must stand in the SQLite file. */
export const sqliteLedgerSchema: readonly string[] = Object.values(TABLES).flatMap((table) => [
  // Events carry data: their rows are too large to lie in the tree of the key.
  `CREATE TABLE IF NOT EXISTS ${table.name} (${describeColumns(table, SQLITE_TYPES)})
    STRICT${table === EVENTS ? "" : ", WITHOUT ROWID"}`,
  ...describeIndexes(table),
]);

/** What must stand in the database, before the partitions of its days: see partitions.ts. */
export const postgresLedgerSchema: readonly string[] = Object.values(TABLES).flatMap((table) => [
  `CREATE TABLE IF NOT EXISTS ${table.name} (${describeColumns(table, POSTGRES_TYPES)})
    PARTITION BY RANGE (accepted_at_ms)`,
  ...describeIndexes(table),
]);

type BareType = "text" | "integer" | "bigint" | "bytes";

/** The type without whether it may be NULL. */
export function bareTypeOf(type: ColumnType): BareType {
  return type.replace("?", "") as BareType;
}

function describeColumns({ columns, key }: Table, types: Readonly<Record<BareType, string>>): string {
  const lines = Object.entries(columns).map(
    ([name, type]) => `${name} ${types[bareTypeOf(type)]}${type.endsWith("?") ? "" : " NOT NULL"}`,
  );
  return [...lines, `PRIMARY KEY (${key.join(", ")})`].join(", ");
}

function describeIndexes({ name, indexes }: Table): readonly string[] {
  return Object.entries(indexes).map(
    ([by, columns]) => `CREATE INDEX IF NOT EXISTS ${name}_by_${by} ON ${name} (${columns.join(", ")})`,
  );
}
