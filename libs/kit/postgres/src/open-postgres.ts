import { type Clock, systemClock } from "@postrider/kit-lifecycle";
import { type ClientConfig, Pool, type PoolConfig } from "pg";
import { isLostConnection, readWords } from "./as-postgres-error.ts";
import { describeStartFailure } from "./describe-start-failure.ts";
import { keepListening } from "./keep-listening.ts";
import { createClientConfig, parseDatabaseUrl } from "./parse-database-url.ts";
import { type Postgres, PostgresError, type QueryOutcome } from "./postgres.ts";
import { prepareDatabase } from "./prepare-database.ts";
import { runTransaction, withSession } from "./session.ts";

export interface PostgresOptions {
  readonly url: string;
  /** Statements that bring the schema in, in one transaction at every start: `CREATE TABLE IF NOT EXISTS ...`. */
  readonly schema: readonly string[];
  /** As pg_stat_activity shows it. */
  readonly applicationName: string;
  /** At most this many, 2 or more, besides one for each {@link Postgres.listen}. */
  readonly maxConnections?: number;
  /** Told in words of what passes without an error: a connection that died idle, listening that stopped, risky settings. */
  readonly onNotice?: (message: string) => void;
  readonly clock?: Clock;
}

const STATEMENT_TIMEOUT_MS = 30_000;
/** The server should speak first; this is for one that can't. */
const ANSWER_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5000;
/** A process that stands still in a transaction must not hold its locks, and with them all others. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;
const IDLE_CONNECTION_MS = 60_000;
/** New connections go to where the name leads now, such as after a failover. */
const CONNECTION_LIFETIME_S = 1800;
const TRANSACTIONS_SHARE = 0.3;
/** After a failover every connection is dead, and the pool is told of each a moment later: the second may be dead too. */
const MAX_READ_TRIES = 3;

/**
 * Connects, looks at the server, brings the schema in.
 * @throws {PostgresError} in one line that says what to change, without the password
 */
export async function openPostgres(options: PostgresOptions): Promise<Postgres> {
  const { url, schema, applicationName, onNotice = () => undefined } = options;
  const address = parseDatabaseUrl(url);
  const config = createClientConfig(url, applicationName);
  try {
    await prepareDatabase({ config, schema, onNotice });
  } catch (error) {
    throw describeStartFailure(address, error);
  }
  return createPostgres({ maxConnections: 10, clock: systemClock, ...options, onNotice }, config);
}

type Settled = Required<Pick<PostgresOptions, "maxConnections" | "onNotice" | "clock">>;

function createPostgres({ maxConnections, onNotice, clock }: Settled, config: ClientConfig): Postgres {
  if (maxConnections < 2) throw new RangeError(`maxConnections is ${maxConnections} where 2 is the least`);
  // Two pools, so that transactions that wait for each other's locks leave connections to those that read.
  const forTransactions = Math.max(1, Math.floor(maxConnections * TRANSACTIONS_SHARE));
  const pool = createPool({ ...config, max: maxConnections - forTransactions }, onNotice);
  const transactionPool = createPool({ ...config, max: forTransactions }, onNotice);
  const closing = new AbortController();
  const listenings = new Set<Promise<void>>();
  let closed: Promise<void> | undefined;

  function assertOpen(): void {
    if (closed) throw new PostgresError("closed", "the connections to PostgreSQL were closed");
  }

  const query = async (sql: string, values?: readonly unknown[]): Promise<QueryOutcome> => {
    assertOpen();
    return await withSession(pool, async (session) => await session.query(sql, values));
  };

  return {
    query,
    read: async (sql, values) => {
      for (let tries = 1; ; tries++) {
        try {
          return (await query(sql, values)).rows;
        } catch (error) {
          const isLost = error instanceof PostgresError && isLostConnection(error.cause);
          if (!isLost || tries === MAX_READ_TRIES) throw error;
        }
      }
    },
    inTransaction: async (run, options = {}) => {
      assertOpen();
      return await withSession(transactionPool, async (session) => await runTransaction(session, run, options));
    },
    listen: (channel, onNotification) => {
      const ending = new AbortController();
      const signal = AbortSignal.any([ending.signal, closing.signal]);
      // Its connection ends a moment after it was told to: what comes until then is nobody's any more.
      const hear = (payload: string | undefined): void => {
        if (!signal.aborted) onNotification(payload);
      };
      const listening = keepListening({ config, clock, channel, onNotification: hear, onNotice }, signal);
      listenings.add(listening);
      void listening.then(() => listenings.delete(listening));
      return () => {
        ending.abort();
      };
    },
    close: async () => {
      closing.abort();
      closed ??= Promise.all([pool.end(), transactionPool.end(), ...listenings]).then(() => undefined);
      await closed;
    },
  };
}

function createPool(config: PoolConfig, onNotice: (message: string) => void): Pool {
  const pool = new Pool({
    ...config,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
    maxLifetimeSeconds: CONNECTION_LIFETIME_S,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
  });
  // Of idle connections; the pool has dropped it already. Without a listener it would end the process.
  pool.on("error", (error) => {
    onNotice(`lost an idle connection to PostgreSQL: ${readWords(error)}`);
  });
  return pool;
}
