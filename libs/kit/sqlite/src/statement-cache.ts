import type { DatabaseSync, StatementSync } from "node:sqlite";

/** A prepared statement, giving rows as arrays. */
export interface CachedStatement {
  readonly statement: StatementSync;
  /** Whether it gives rows (SELECT, RETURNING, some PRAGMAs). */
  readonly returnsRows: boolean;
}

/** A process has some dozens of SQL texts; texts beyond this are made up by callers, and old ones must go. */
const capacity = 200;

/** Prepared statements by SQL text; the least recently used goes first. */
export class StatementCache {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, CachedStatement>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** @throws what preparing throws: a syntax error, an unknown table */
  get(sql: string): CachedStatement {
    const known = this.#statements.get(sql);
    if (known !== undefined) {
      this.#statements.delete(sql);
      this.#statements.set(sql, known);
      return known;
    }
    const prepared = this.#prepare(sql);
    this.#statements.set(sql, prepared);
    if (this.#statements.size > capacity) this.#dropOldest();
    return prepared;
  }

  /**
   * Forgets a statement that failed. node:sqlite (Node 24.21) leaves one whose iteration threw as it is, and its next use,
   * by whomever, would throw that error once more.
   */
  drop(sql: string): void {
    this.#statements.delete(sql);
  }

  #prepare(sql: string): CachedStatement {
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    return { statement, returnsRows: statement.columns().length > 0 };
  }

  #dropOldest(): void {
    for (const sql of this.#statements.keys()) {
      this.#statements.delete(sql);
      return;
    }
  }
}
