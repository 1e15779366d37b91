import type { Pool, PoolClient } from "pg";
import { asPostgresError, breaksConnection } from "./as-postgres-error.ts";
import { PostgresError, type QueryOutcome, type RunQuery, type TransactionOptions } from "./postgres.ts";

/** One connection while it is lent out. */
interface Session {
  readonly query: (sql: string, values?: readonly unknown[]) => Promise<QueryOutcome & { readonly command: string }>;
  /** After a failure of the connection nothing more may be asked of it. */
  readonly isBroken: () => boolean;
}

/** Lends a connection of the pool; one that broke is not given back to it. @throws {PostgresError} or what `run` throws */
export async function withSession<T>(pool: Pool, run: (session: Session) => Promise<T>): Promise<T> {
  const client = await connect(pool);
  let isBroken = false;
  // The pool takes its own listener off meanwhile; a death between two queries would end the process.
  const onError = (): void => {
    isBroken = true;
  };
  client.on("error", onError);
  try {
    return await run({
      isBroken: () => isBroken,
      query: async (sql, values = []) => {
        try {
          const { rows, rowCount, command } = await client.query<Record<string, unknown>>(sql, [...values]);
          return { rows, command, changes: rowCount ?? 0 };
        } catch (error) {
          isBroken ||= breaksConnection(error);
          throw asPostgresError(error);
        }
      },
    });
  } finally {
    client.off("error", onError);
    client.release(isBroken);
  }
}

async function connect(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw asPostgresError(error);
  }
}

/** Runs the work between BEGIN and COMMIT. @throws {PostgresError} or what `run` throws */
export async function runTransaction<T>(
  session: Session,
  run: (query: RunQuery) => Promise<T>,
  { lockKey }: TransactionOptions,
): Promise<T> {
  const result = await runOrRollBack(session, async () => {
    await session.query(beginWith(lockKey));
    return await run(session.query);
  });
  const command = await commit(session);
  // The server answers so when a statement had failed, and `run` kept quiet about it.
  if (command !== "COMMIT") throw new PostgresError("other", "a statement of the transaction failed: it was undone");
  return result;
}

async function runOrRollBack<T>(session: Session, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    // The end of the connection ends the transaction too; a rollback that fails breaks the session.
    if (!session.isBroken()) await session.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

async function commit(session: Session): Promise<string> {
  try {
    return (await session.query("COMMIT")).command;
  } catch (error) {
    if (!session.isBroken()) throw error;
    const message = `whether it was committed is not known: ${asPostgresError(error).message}`;
    throw new PostgresError("unavailable", message, { cause: error });
  }
}

/**
 * Whatever the server's default is: READ COMMITTED, where each statement sees what was committed before it. So what
 * comes after the lock sees everything that its last holder did. Two statements in one text are one round trip.
 */
function beginWith(lockKey: number | undefined): string {
  const begin = "BEGIN ISOLATION LEVEL READ COMMITTED";
  return lockKey === undefined ? begin : `${begin}; SELECT pg_advisory_xact_lock(${Math.trunc(lockKey)})`;
}
