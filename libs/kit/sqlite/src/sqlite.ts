/** What a column or a parameter may hold. */
export type SqlValue = string | number | bigint | Uint8Array | null;

/** A result row by column name. Integers come as numbers; beyond 2^53 they are an error. */
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** One SQL text, run once for each row of parameters (once without parameters if `rows` is absent). */
export interface Statement {
  readonly sql: string;
  readonly rows?: readonly (readonly SqlValue[])[];
}

/** What one statement of a unit did. */
export interface StatementResult {
  /** The rowid of the last insert. Rows of one statement get consecutive rowids if the table has no other writer between. */
  readonly lastRowid: number;
  readonly changes: number;
  /** What RETURNING or SELECT gave, over all parameter rows. */
  readonly rows: readonly SqlRow[];
}

/**
 * One SQLite file, opened by one worker thread: everything that this process keeps in it shares its commits.
 *
 * Group commit: one batch of units is with the worker at a time, in one transaction (WAL, synchronous=FULL); whatever
 * is asked meanwhile gathers into the next. So a lone write costs one sync, and a thousand concurrent ones cost one too.
 */
export interface Sqlite {
  /**
   * Runs the statements in order as one atomic unit and resolves when they are durable. A failing unit is undone alone:
   * others in the same commit stand.
   * @throws {SqliteError} `constraint`, `full`, `readonly`, `io`, `corrupt`, `closed` or `other`
   */
  readonly write: (statements: readonly Statement[]) => Promise<readonly StatementResult[]>;
  /** Reads what is committed. Blobs of one result are views of one buffer: keeping one keeps all. @throws {SqliteError} */
  readonly read: (sql: string, parameters?: readonly SqlValue[]) => Promise<readonly SqlRow[]>;
  /** Finishes what was asked before, then closes the file. Further calls reject with `closed`. */
  readonly close: () => Promise<void>;
}

export type SqliteErrorCode = "constraint" | "full" | "readonly" | "io" | "corrupt" | "closed" | "other";

/** Why SQLite could not do it; `message` carries the file's path and SQLite's own words. */
export class SqliteError extends Error {
  override readonly name = "SqliteError";
  readonly code: SqliteErrorCode;

  constructor(code: SqliteErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
