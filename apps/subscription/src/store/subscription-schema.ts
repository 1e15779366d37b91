/**
 * The projections: what the current states are, by the keys that lookups use. `document` is the whole state as JSON;
 * the other columns are what is searched for. They can be made anew from the events at any time.
 */
export interface SubscriptionSchema {
  readonly subscriptions: {
    readonly id: string;
    readonly tenant_id: string;
    readonly state: string;
    readonly document: string;
  };
  readonly event_types: {
    readonly name: string;
    readonly state: string;
    readonly document: string;
  };
  /** Up to where the store was read by what follows it. Not a projection. */
  readonly outbox_positions: {
    readonly name: string;
    readonly position: number;
  };
}

/** What must stand in an SQLite file beside the event store's own tables. */
export const subscriptionSchema: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS subscriptions (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    state TEXT NOT NULL,
    document TEXT NOT NULL
  )`,
  "CREATE INDEX IF NOT EXISTS subscriptions_by_tenant ON subscriptions (tenant_id, id)",
  `CREATE TABLE IF NOT EXISTS event_types (
    name TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    document TEXT NOT NULL
  )`,
  `CREATE TABLE IF NOT EXISTS outbox_positions (
    name TEXT PRIMARY KEY,
    position INTEGER NOT NULL
  )`,
];

/** The same for PostgreSQL. Keys sort by bytes there too, whatever the database's collation: pages go by their order. */
export const postgresSubscriptionSchema: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS subscriptions (
    id TEXT COLLATE "C" PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL,
    state TEXT NOT NULL,
    document TEXT NOT NULL
  )`,
  "CREATE INDEX IF NOT EXISTS subscriptions_by_tenant ON subscriptions (tenant_id, id)",
  `CREATE TABLE IF NOT EXISTS event_types (
    name TEXT COLLATE "C" PRIMARY KEY,
    state TEXT NOT NULL,
    document TEXT NOT NULL
  )`,
  `CREATE TABLE IF NOT EXISTS outbox_positions (
    name TEXT PRIMARY KEY,
    position BIGINT NOT NULL
  )`,
];
