import type { DatabaseSync } from "node:sqlite";
import { describeFailure } from "./failure.ts";
import type { Failure, PackedRows, WriteMessage, WrittenMessage } from "./messages.ts";
import { ValuePacker, ValueReader } from "./packed-values.ts";
import type { SqlValue } from "./sqlite.ts";
import type { CachedStatement, StatementCache } from "./statement-cache.ts";

/** The worker's side of one open file. */
export interface OpenFile {
  readonly path: string;
  readonly database: DatabaseSync;
  readonly statements: StatementCache;
}

/** Results of a batch while it is being run. */
interface Results {
  readonly failures: [number, Failure][];
  readonly counts: Float64Array<ArrayBuffer>;
  readonly returned: [number, PackedRows][];
}

/** The transaction is gone: nothing of the batch stands, whatever its other units did. */
class BatchLost extends Error {}

/**
 * Runs a batch in one transaction, each unit in a savepoint: a failing unit is undone alone. Where SQLite gives up the
 * transaction (disk full, I/O error) or the commit fails, every unit of the batch fails with that reason.
 */
export function runUnits(file: OpenFile, message: WriteMessage): WrittenMessage {
  const counts = new Float64Array(message.statementCount * 2);
  const results: Results = { failures: [], counts, returned: [] };
  try {
    file.statements.get("BEGIN IMMEDIATE").statement.run();
    new UnitRunner(file, message, results).runAll();
    file.statements.get("COMMIT").statement.run();
    return { kind: "written", ...results };
  } catch (error) {
    if (file.database.isTransaction) file.database.exec("ROLLBACK");
    const failure = describeFailure(file.path, error instanceof BatchLost ? error.cause : error);
    const failures = Array.from({ length: message.unitCount }, (_, unit): [number, Failure] => [unit, failure]);
    return { kind: "written", failures, counts, returned: [] };
  }
}

/** Walks a batch's shape and values; one instance per batch. */
class UnitRunner {
  readonly #file: OpenFile;
  readonly #message: WriteMessage;
  readonly #results: Results;
  readonly #values: ValueReader;
  #shapeIndex = 0;
  #statementIndex = 0;

  constructor(file: OpenFile, message: WriteMessage, results: Results) {
    this.#file = file;
    this.#message = message;
    this.#results = results;
    this.#values = new ValueReader(message.values);
  }

  runAll(): void {
    for (let unit = 0; unit < this.#message.unitCount; unit++) this.#runUnit(unit);
  }

  #runUnit(unit: number): void {
    const { database, statements, path } = this.#file;
    let failure: Failure | undefined;
    statements.get("SAVEPOINT unit").statement.run();
    for (let left = this.#nextShape(); left > 0; left--) {
      const sql = this.#message.sqls[this.#nextShape()] ?? "";
      const rowCount = this.#nextShape();
      const rows = this.#takeRows(rowCount, this.#nextShape());
      const statementIndex = this.#statementIndex++;
      // After a failure the rest of the unit is only walked over, so that the next unit finds its values.
      if (failure !== undefined) continue;
      try {
        this.#runStatement(statementIndex, sql, rows);
      } catch (error) {
        statements.drop(sql);
        if (!database.isTransaction) throw new BatchLost("", { cause: error });
        failure = describeFailure(path, error);
        this.#results.failures.push([unit, failure]);
        statements.get("ROLLBACK TO unit").statement.run();
      }
    }
    statements.get("RELEASE unit").statement.run();
  }

  #runStatement(statementIndex: number, sql: string, rows: readonly SqlValue[][]): void {
    const cached = this.#file.statements.get(sql);
    const { counts } = this.#results;
    if (cached.returnsRows) {
      this.#runReturning(statementIndex, cached, rows);
      return;
    }
    let changes = 0;
    for (const row of rows) {
      const outcome = cached.statement.run(...row);
      changes += Number(outcome.changes);
      counts[statementIndex * 2] = Number(outcome.lastInsertRowid);
    }
    counts[statementIndex * 2 + 1] = changes;
  }

  #runReturning(statementIndex: number, cached: CachedStatement, rows: readonly SqlValue[][]): void {
    const { counts, returned } = this.#results;
    const before = this.#readCounts();
    returned.push([statementIndex, runForRows(cached, rows)]);
    const after = this.#readCounts();
    counts[statementIndex * 2] = after.lastRowid;
    counts[statementIndex * 2 + 1] = after.totalChanges - before.totalChanges;
  }

  #readCounts(): { readonly lastRowid: number; readonly totalChanges: number } {
    const { statement } = this.#file.statements.get("SELECT last_insert_rowid(), total_changes()");
    const [lastRowid, totalChanges] = statement.get() as unknown as [number, number];
    return { lastRowid, totalChanges };
  }

  #takeRows(rowCount: number, width: number): SqlValue[][] {
    return Array.from({ length: rowCount }, () => this.#values.take(width));
  }

  #nextShape(): number {
    return this.#message.shape[this.#shapeIndex++] ?? 0;
  }
}

/** Runs a statement once for each row of parameters and packs everything it gave. */
export function runForRows(cached: CachedStatement, parameterRows: readonly SqlValue[][]): PackedRows {
  const { statement } = cached;
  const packer = new ValuePacker();
  let rowCount = 0;
  for (const parameters of parameterRows) {
    // With setReturnArrays, which the declared types do not know, each row is an array.
    for (const row of statement.iterate(...parameters) as Iterable<unknown> as Iterable<SqlValue[]>) {
      rowCount++;
      for (const value of row) packer.add(value);
    }
  }
  const columns = statement.columns().map((column) => column.name);
  return { columns, rowCount, values: packer.finish() };
}
