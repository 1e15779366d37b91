import { DatabaseError } from "pg";
import type { DatabaseAddress } from "./parse-database-url.ts";
import { asPostgresError, readCode, readWords } from "./as-postgres-error.ts";
import { PostgresError, type PostgresErrorCode } from "./postgres.ts";
import { DATABASE_URL_VARIABLE } from "./postgres-settings.ts";

type Describe = (address: DatabaseAddress, words: string) => string;

const refusesUser: Describe = ({ user }, words) =>
  `it refuses user "${user}" (${words}). Correct user and password in ${DATABASE_URL_VARIABLE}`;
const isBusy: Describe = (_, words) => `it takes no more connections (${words}). Stop others, or raise max_connections`;
const isOnItsWay: Describe = (_, words) => `it is not ready (${words}). Start this service again in a moment`;

/** What is wrong and what to change, by SQLSTATE. */
const byState: ReadonlyMap<string, Describe> = new Map([
  ["28P01", refusesUser],
  ["28000", refusesUser],
  ["53300", isBusy],
  ["57P03", isOnItsWay],
  ["57P01", isOnItsWay],
  [
    "3D000",
    ({ host, port, user, database }) =>
      `it has no database "${database}". Make it with: createdb -h ${host} -p ${port} -U ${user} ${database}` +
      `, or correct ${DATABASE_URL_VARIABLE}`,
  ],
  [
    "42501",
    ({ user, database }, words) =>
      `user "${user}" may not make tables in database "${database}" (${words}). Let its owner run: ` +
      `GRANT CREATE ON SCHEMA public TO "${user}", or name another user in ${DATABASE_URL_VARIABLE}`,
  ],
]);

const nobodyThere: Describe = (_, words) =>
  `nothing answers there (${words}). Start it, or correct ${DATABASE_URL_VARIABLE}`;
const otherwise: Describe = (_, words) => `${words}. Check ${DATABASE_URL_VARIABLE}`;

/** An error of the start in one line that says what to change. */
export function describeStartFailure(address: DatabaseAddress, error: unknown): PostgresError {
  const { code, message } = asPostgresError(error);
  const text = error instanceof PostgresError ? message : findDescription(error, code)(address, message);
  const where = `Cannot use PostgreSQL at ${address.host}:${address.port}`;
  return new PostgresError(code === "unavailable" ? code : "setup", `${where}: ${text}`, { cause: error });
}

function findDescription(error: unknown, code: PostgresErrorCode): Describe {
  // pg's own words when the server asks for a password and the URL has none.
  if (/client password must be/.test(readWords(error))) return refusesUser;
  const isSilent = code === "unavailable" && !(error instanceof DatabaseError);
  return byState.get(readCode(error)) ?? (isSilent ? nobodyThere : otherwise);
}
