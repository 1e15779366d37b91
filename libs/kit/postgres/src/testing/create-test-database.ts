import { randomBytes } from "node:crypto";
import { Client, escapeIdentifier } from "pg";

/** A database for one test. */
export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  /** Ends every connection to it, as a crash of the server would. Returns how many there were. */
  readonly killConnections: () => Promise<number>;
  /** Ends every connection and refuses new ones, until it is called with `true`. */
  readonly admit: (isAdmitted: boolean) => Promise<void>;
  /** Removes it, whoever is connected; once and again. */
  readonly drop: () => Promise<void>;
}

/**
 * Makes an empty database on a server of the test stack. It sorts as people of a country do, not by bytes, so that SQL
 * which relies on the server's collation shows.
 * @param url of a superuser
 */
export async function createTestDatabase(url: string): Promise<TestDatabase> {
  const name = `postrider_test_${randomBytes(6).toString("hex")}`;
  await runAt(url, `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  const killConnections = async (): Promise<number> =>
    await runAt(url, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${name}'`);
  return {
    name,
    url: own.href,
    killConnections,
    admit: async (isAdmitted) => {
      await runAt(url, `ALTER DATABASE ${escapeIdentifier(name)} ALLOW_CONNECTIONS ${String(isAdmitted)}`);
      if (!isAdmitted) await killConnections();
    },
    drop: async () => {
      await runAt(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

async function runAt(url: string, sql: string): Promise<number> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rowCount ?? 0;
  } finally {
    await client.end();
  }
}
