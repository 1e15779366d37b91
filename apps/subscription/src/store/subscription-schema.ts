import type { Generated } from "kysely";

/**
 * The projections: what the current states are, by the keys that lookups use. `document` is the whole state as JSON;
 * the other columns are what is searched for. They can be made anew from the events at any time,
 * unless it is said otherwise.
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
  /** What keys sign with, sealed. Not a projection: nothing else has it. */
  readonly signing_secrets: {
    readonly key_id: string;
    readonly tenant_id: string;
    readonly subscription_id: string;
    readonly sealed: string;
    /** The master key that it is sealed under, as `sealed` says too. */
    readonly master_key_id: string;
    /** When its key signs no more; NULL as long as it is the current one. */
    readonly expires_at_ms: number | null;
  };
  /** A text sealed under each master key that was ever used here: tells whether a key is the one of that id. Not a projection. */
  readonly master_key_checks: {
    readonly master_key_id: string;
    readonly sealed: string;
  };
  /** `used_at_ms` aside, which no event tells. */
  readonly access_tokens: {
    readonly id: string;
    readonly sha256: string;
    readonly state: string;
    readonly document: string;
    readonly used_at_ms: Generated<number | null>;
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
  `CREATE TABLE IF NOT EXISTS signing_secrets (
    key_id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    sealed TEXT NOT NULL,
    master_key_id TEXT NOT NULL,
    expires_at_ms INTEGER
  )`,
  "CREATE INDEX IF NOT EXISTS signing_secrets_by_subscription ON signing_secrets (subscription_id)",
  "CREATE INDEX IF NOT EXISTS signing_secrets_by_master_key ON signing_secrets (master_key_id, key_id)",
  "CREATE INDEX IF NOT EXISTS signing_secrets_by_expiry ON signing_secrets (expires_at_ms) WHERE expires_at_ms IS NOT NULL",
  `CREATE TABLE IF NOT EXISTS master_key_checks (
    master_key_id TEXT PRIMARY KEY,
    sealed TEXT NOT NULL
  )`,
  `CREATE TABLE IF NOT EXISTS access_tokens (
    id TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    document TEXT NOT NULL,
    used_at_ms INTEGER
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
  `CREATE TABLE IF NOT EXISTS signing_secrets (
    key_id TEXT COLLATE "C" PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL,
    subscription_id TEXT COLLATE "C" NOT NULL,
    sealed TEXT NOT NULL,
    master_key_id TEXT COLLATE "C" NOT NULL,
    expires_at_ms BIGINT
  )`,
  "CREATE INDEX IF NOT EXISTS signing_secrets_by_subscription ON signing_secrets (subscription_id)",
  "CREATE INDEX IF NOT EXISTS signing_secrets_by_master_key ON signing_secrets (master_key_id, key_id)",
  "CREATE INDEX IF NOT EXISTS signing_secrets_by_expiry ON signing_secrets (expires_at_ms) WHERE expires_at_ms IS NOT NULL",
  `CREATE TABLE IF NOT EXISTS master_key_checks (
    master_key_id TEXT COLLATE "C" PRIMARY KEY,
    sealed TEXT NOT NULL
  )`,
  `CREATE TABLE IF NOT EXISTS access_tokens (
    id TEXT COLLATE "C" PRIMARY KEY,
    sha256 TEXT COLLATE "C" NOT NULL UNIQUE,
    state TEXT NOT NULL,
    document TEXT NOT NULL,
    used_at_ms BIGINT
  )`,
  `CREATE TABLE IF NOT EXISTS outbox_positions (
    name TEXT PRIMARY KEY,
    position BIGINT NOT NULL
  )`,
];
