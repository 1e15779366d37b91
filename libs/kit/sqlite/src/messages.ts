import type { PackedValues } from "./packed-values.ts";
import type { SqliteErrorCode } from "./sqlite.ts";

/** What the worker is started with. */
export interface WorkerSettings {
  readonly path: string;
  readonly schema: readonly string[];
}

/** A batch of units, flattened: a few arrays clone much faster than a tree of objects. */
export interface WriteMessage {
  readonly kind: "write";
  /** The distinct SQL texts of the batch. */
  readonly sqls: readonly string[];
  /** For each unit its number of statements, and for each of these three numbers: index in `sqls`, rows, values a row. */
  readonly shape: Uint32Array<ArrayBuffer>;
  readonly unitCount: number;
  readonly statementCount: number;
  readonly values: PackedValues;
}

export interface ReadMessage {
  readonly kind: "read";
  readonly id: number;
  readonly sql: string;
  readonly parameters: PackedValues;
}

export type Request = WriteMessage | ReadMessage | { readonly kind: "close" };

/** An error as it crosses the threads. */
export interface Failure {
  readonly code: SqliteErrorCode;
  readonly message: string;
}

/** Rows, flattened. */
export interface PackedRows {
  readonly columns: readonly string[];
  readonly rowCount: number;
  readonly values: PackedValues;
}

export interface WrittenMessage {
  readonly kind: "written";
  /** The units that failed, by index in the batch. */
  readonly failures: readonly (readonly [unit: number, failure: Failure])[];
  /** For each statement of the batch, in order: last rowid, changes. */
  readonly counts: Float64Array<ArrayBuffer>;
  /** What statements returned, by index of the statement in the batch; statements that return nothing are left out. */
  readonly returned: readonly (readonly [statement: number, rows: PackedRows])[];
}

export type Reply =
  | { readonly kind: "opened" }
  | { readonly kind: "refused"; readonly failure: Failure }
  | WrittenMessage
  | { readonly kind: "rows"; readonly id: number; readonly rows: PackedRows }
  | { readonly kind: "unread"; readonly id: number; readonly failure: Failure };
