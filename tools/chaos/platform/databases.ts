import pg from "pg";

/** Makes an empty database of that name; resolves with its URL. @param serverUrl a superuser's */
export async function createDatabase(serverUrl: string, name: string): Promise<string> {
  await ask(serverUrl, `create database "${name}"`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Removes it, whoever is connected. */
export async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  await ask(serverUrl, `drop database if exists "${name}" with (force)`);
}

/** Runs one statement on a connection of its own. */
export async function ask(url: string, statement: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(statement);
    return rows;
  } finally {
    await client.end();
  }
}
