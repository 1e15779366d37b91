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
}

/** What must stand in the storage beside the event store's own tables. */
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
];
