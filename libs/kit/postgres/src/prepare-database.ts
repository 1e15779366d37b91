import { Client, type ClientConfig } from "pg";
import { findObstacle, findRisk, SELECT_SERVER_FACTS, type ServerFacts } from "./judge-server.ts";
import { PostgresError } from "./postgres.ts";

/** An index on a large table takes its time; beyond this somebody should look. */
const SCHEMA_TIMEOUT_MS = 300_000;

/** Any number, as long as every service has the same: those that start at once bring the schema in one by one. */
const SCHEMA_LOCK = 0x706f7374;

export interface Preparation {
  readonly config: ClientConfig;
  readonly schema: readonly string[];
  readonly onNotice: (message: string) => void;
}

/**
 * Looks at the server, then brings the schema in, in one transaction, on a connection of its own.
 * @throws what pg throws; {@link PostgresError} `setup` for a server that can't be used
 */
export async function prepareDatabase({ config, schema, onNotice }: Preparation): Promise<void> {
  const client = new Client({ ...config, statement_timeout: SCHEMA_TIMEOUT_MS });
  // A death shows in the query that is under way; without a listener it would end the process.
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<ServerFacts>(SELECT_SERVER_FACTS);
    for (const facts of rows) {
      const obstacle = findObstacle(facts);
      if (obstacle !== undefined) throw new PostgresError("setup", obstacle);
      const risk = findRisk(facts);
      if (risk !== undefined) onNotice(risk);
    }
    await client.query(`BEGIN; SELECT pg_advisory_xact_lock(${SCHEMA_LOCK})`);
    for (const ddl of schema) await client.query(ddl);
    await client.query("COMMIT");
  } finally {
    // Ends an open transaction too. A connection that is dead already has nothing left to end.
    await client.end().catch(() => undefined);
  }
}
