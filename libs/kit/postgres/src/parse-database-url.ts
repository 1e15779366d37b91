import { Client, types, type ClientConfig } from "pg";
import { PostgresError } from "./postgres.ts";
import { DATABASE_URL_VARIABLE } from "./postgres-settings.ts";

/** Where a URL leads, without its password. */
export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** Longer than a healthy server takes to accept, shorter than callers wait. */
const CONNECT_TIMEOUT_MS = 5000;

/**
 * Where the URL leads. What it leaves out comes from PostgreSQL's own variables (PGUSER, PGPASSWORD ...).
 * @throws {PostgresError} `setup`, without the URL's text: it may hold a password
 */
export function parseDatabaseUrl(url: string): DatabaseAddress {
  try {
    if (!/^postgres(ql)?:\/\//.test(url)) throw new Error("another scheme");
    const { host, port, database = "", user = "" } = new Client({ connectionString: url });
    return { host, port, database, user };
  } catch {
    // The cause would carry the URL.
    const wanted = "a URL such as postgres://user:password@127.0.0.1:5432/postrider (with %40 for @ in a password)";
    throw new PostgresError("setup", `${DATABASE_URL_VARIABLE} is not ${wanted}`);
  }
}

/** What every connection has in common. */
export function createClientConfig(url: string, applicationName: string): ClientConfig {
  return {
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // A server that vanished without a word is noticed after some 20 s, also by a connection that only listens.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser: findTypeParser },
  };
}

// The type declares a family of overloads, of which a function can only be the last.
const findTypeParser = ((...asked: Parameters<typeof types.getTypeParser>): unknown =>
  asked[0] === types.builtins.INT8 ? parseSafeInteger : types.getTypeParser(...asked)) as typeof types.getTypeParser;

/** pg leaves 8-byte integers as text; here they are numbers, as from SQLite. */
function parseSafeInteger(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number)) return number;
  throw new RangeError(`the integer ${text} is beyond 2^53`);
}
