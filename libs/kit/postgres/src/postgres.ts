/** A result row by column name. Integers of 8 bytes come as numbers; beyond 2^53 they are an error. */
export type PostgresRow = Readonly<Record<string, unknown>>;

/** What one statement did. */
export interface QueryOutcome {
  readonly rows: readonly PostgresRow[];
  /** Rows that were inserted, updated or deleted; for a SELECT, how many it gave. */
  readonly changes: number;
}

/** Runs one statement; `$1`, `$2` ... stand for the values. @throws {PostgresError} */
export type RunQuery = (sql: string, values?: readonly unknown[]) => Promise<QueryOutcome>;

export interface TransactionOptions {
  /**
   * A transaction-level advisory lock (a 32-bit number) that is held from before the first statement until the commit
   * is visible: transactions with the same key run one after another. It costs no round trip of its own.
   */
  readonly lockKey?: number;
}

/**
 * One PostgreSQL database, through a pool of connections.
 *
 * When the server goes away: what is under way rejects as `unavailable`, connections are dropped as the server or the
 * keep-alive ends them, and the next call makes a new one. So a restart of the server needs no restart here.
 * A statement that writes is never tried again here, because whether it took place is not known: its caller decides.
 */
export interface Postgres {
  /** One statement, durable when it resolves if it writes. */
  readonly query: RunQuery;
  /**
   * One statement that only reads. If its connection turns out to be dead it is tried again on another one, twice at
   * most: the pool can't know of a death that nobody told it yet.
   * @throws {PostgresError}
   */
  readonly read: (sql: string, values?: readonly unknown[]) => Promise<readonly PostgresRow[]>;
  /**
   * All or nothing; READ COMMITTED; durable when it resolves. Whatever `run` throws undoes it, and is thrown. At most
   * three tenths of the pool are in transactions at a time, so that reads never wait behind a lock.
   * @throws {PostgresError} `unavailable` also when the answer to the commit was lost: then it may stand or not
   */
  readonly inTransaction: <T>(run: (query: RunQuery) => Promise<T>, options?: TransactionOptions) => Promise<T>;
  /**
   * Listens on a connection of its own, which is made again, with growing pauses, whenever it is lost. Calls back with
   * the payload of each NOTIFY, and without one whenever listening has begun (again): what came before may be missed.
   * @returns the function that ends it
   */
  readonly listen: (channel: string, onNotification: (payload: string | undefined) => void) => () => void;
  /** Finishes what was asked before, then ends every connection. Further calls reject with `closed`. */
  readonly close: () => Promise<void>;
}

/**
 * - `unavailable`: the server can't be reached, is overloaded, or gave up on it: it can be tried again
 * - `setup`: it refuses this user, this database or this right: somebody has to change something
 * - `constraint`: a row breaks a constraint, which is named
 * - `closed`: after {@link Postgres.close}
 * - `other`: the statement is wrong
 */
export type PostgresErrorCode = "unavailable" | "setup" | "constraint" | "closed" | "other";

/** Why PostgreSQL could not do it, in the server's own words. Never holds the password. */
export class PostgresError extends Error {
  override readonly name = "PostgresError";
  readonly code: PostgresErrorCode;
  /** The name of the constraint that was broken, if one was. */
  readonly constraint: string | undefined;

  constructor(code: PostgresErrorCode, message: string, options?: ErrorOptions & { readonly constraint?: string }) {
    super(message, options);
    this.code = code;
    this.constraint = options?.constraint;
  }
}
