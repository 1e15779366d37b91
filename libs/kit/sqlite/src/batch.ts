import type { PackedRows, WriteMessage, WrittenMessage } from "./messages.ts";
import { ValuePacker, ValueReader } from "./packed-values.ts";
import { SqliteError, type SqlRow, type SqlValue, type Statement, type StatementResult } from "./sqlite.ts";

/** A unit that waits for its commit. */
export interface PendingUnit {
  readonly statements: readonly Statement[];
  readonly rowCount: number;
  readonly byteCount: number;
  readonly resolve: (results: readonly StatementResult[]) => void;
  readonly reject: (error: SqliteError) => void;
}

/** Counts a unit's rows and bytes. @throws {SqliteError} `other` if the rows of a statement differ in width */
export function measureUnit(statements: readonly Statement[]): { rowCount: number; byteCount: number } {
  let rowCount = 0;
  let byteCount = 0;
  for (const { sql, rows = withoutParameters } of statements) {
    const width = rows[0]?.length ?? 0;
    rowCount += rows.length;
    for (const row of rows) {
      if (row.length !== width) throw new SqliteError("other", `${sql}: rows of ${width} and of ${row.length} values`);
      for (const value of row) byteCount += measureValue(value);
    }
  }
  return { rowCount, byteCount };
}

/** A statement without rows runs once. */
const withoutParameters: readonly (readonly SqlValue[])[] = [[]];

function measureValue(value: SqlValue): number {
  if (typeof value === "string") return value.length;
  return value instanceof Uint8Array ? value.byteLength : 0;
}

/** Flattens units into one message. */
export function packBatch(units: readonly PendingUnit[]): WriteMessage {
  const sqlIndexes = new Map<string, number>();
  const shape: number[] = [];
  const packer = new ValuePacker();
  let statementCount = 0;
  for (const { statements } of units) {
    shape.push(statements.length);
    statementCount += statements.length;
    for (const { sql, rows = withoutParameters } of statements) {
      let sqlIndex = sqlIndexes.get(sql);
      if (sqlIndex === undefined) sqlIndexes.set(sql, (sqlIndex = sqlIndexes.size));
      shape.push(sqlIndex, rows.length, rows[0]?.length ?? 0);
      for (const row of rows) for (const value of row) packer.add(value);
    }
  }
  return {
    kind: "write",
    sqls: [...sqlIndexes.keys()],
    shape: Uint32Array.from(shape),
    unitCount: units.length,
    statementCount,
    values: packer.finish(),
  };
}

/** Settles the units of a batch with what the worker answered. */
export function settleBatch(units: readonly PendingUnit[], written: WrittenMessage): void {
  const failures = new Map(written.failures);
  const returned = new Map(written.returned);
  let statementIndex = 0;
  for (const [index, unit] of units.entries()) {
    const failure = failures.get(index);
    const first = statementIndex;
    statementIndex += unit.statements.length;
    if (failure !== undefined) {
      unit.reject(new SqliteError(failure.code, failure.message));
      continue;
    }
    unit.resolve(
      unit.statements.map((_, offset) => ({
        lastRowid: written.counts[(first + offset) * 2] ?? 0,
        changes: written.counts[(first + offset) * 2 + 1] ?? 0,
        rows: unpackRows(returned.get(first + offset)),
      })),
    );
  }
}

const noRows: readonly SqlRow[] = [];

/** Builds rows by column name. */
export function unpackRows(packed: PackedRows | undefined): readonly SqlRow[] {
  if (packed === undefined || packed.rowCount === 0) return noRows;
  const values = new ValueReader(packed.values);
  return Array.from({ length: packed.rowCount }, () => {
    const row: Record<string, SqlValue> = {};
    for (const column of packed.columns) row[column] = values.next();
    return row;
  });
}
