import { createPostgresDialect, type Postgres } from "@postrider/kit-postgres";
import { Kysely } from "kysely";
import { asEventStoreError } from "./as-event-store-error.ts";

/**
 * Typed queries over the connections to a database; each is durable when it resolves, if it writes. A server that can't
 * be used rejects as the event store does. Destroying it leaves the connections open: they belong to who opened them.
 */
export function createPostgresKysely<Schema>(postgres: Postgres): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: createPostgresDialect(postgres, asEventStoreError) });
}
