import { DATABASE_URL_VARIABLE } from "./postgres-settings.ts";

/** What a server says of itself. */
export interface ServerFacts {
  /** As server_version_num: 140005 for 14.5. */
  readonly version: number;
  readonly encoding: string;
  /** A standby: it only reads. */
  readonly in_recovery: boolean;
  readonly fsync: string;
  readonly synchronous_commit: string;
}

export const SELECT_SERVER_FACTS = `
  SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
    pg_is_in_recovery() AS in_recovery, current_setting('fsync') AS fsync,
    current_setting('synchronous_commit') AS synchronous_commit`;

/** The oldest release that its makers still mended when this was written, and that the tests' SQL was checked for. */
const OLDEST_VERSION = 14;

/** Why the server can't be used, and what to change; undefined if it can. */
export function findObstacle({ version, encoding, in_recovery }: ServerFacts): string | undefined {
  const major = Math.floor(version / 10_000);
  if (major < OLDEST_VERSION) {
    return `its version is ${major}, and ${OLDEST_VERSION} or later is needed. Upgrade it, or correct ${DATABASE_URL_VARIABLE}`;
  }
  if (encoding !== "UTF8") {
    return `the database is encoded in ${encoding}, which can't hold every text. Make one with createdb -E UTF8 -T template0`;
  }
  return in_recovery ? `it is a standby, which only reads. Name the primary in ${DATABASE_URL_VARIABLE}` : undefined;
}

/** What its operator should know: settings that break the promise that what was answered is durable. */
export function findRisk({ fsync, synchronous_commit }: ServerFacts): string | undefined {
  const setting = fsync === "off" ? "fsync" : synchronous_commit === "off" ? "synchronous_commit" : undefined;
  return setting && `${setting} is off on the server: if it crashes, what it acknowledged last may be gone`;
}
