import type { Worker } from "node:worker_threads";
import { measureUnit, packBatch, settleBatch, unpackRows, type PendingUnit } from "./batch.ts";
import type { Reply, Request } from "./messages.ts";
import { ValuePacker } from "./packed-values.ts";
import {
  SqliteError,
  type Sqlite,
  type SqlRow,
  type SqlValue,
  type Statement,
  type StatementResult,
} from "./sqlite.ts";

/** A batch of this size spends most of its time in SQLite, not in the sync: larger ones only delay its first unit. */
const maxRowsPerBatch = 4_000;
const maxBytesPerBatch = 16 * 1024 * 1024;

interface PendingRead {
  readonly resolve: (rows: readonly SqlRow[]) => void;
  readonly reject: (error: SqliteError) => void;
}

/**
 * The calling side: what waits, and what the worker has.
 *
 * At most one write message is with the worker. Reads are sent at once: the worker takes messages in order, so a read
 * waits for the batch that is being committed and never for the next.
 */
export class Connection implements Sqlite {
  readonly #worker: Worker;
  readonly #path: string;
  /** Units that wait for a batch. */
  #queue: PendingUnit[] = [];
  #inFlight: readonly PendingUnit[] = [];
  readonly #reads = new Map<number, PendingRead>();
  #nextReadId = 0;
  #sendScheduled = false;
  /** Why calls are refused: closed, or the thread's death. */
  #ended: SqliteError | undefined;
  #closing: PromiseWithResolvers<undefined> | undefined;

  constructor(worker: Worker, path: string) {
    this.#worker = worker;
    this.#path = path;
    worker.on("message", (reply: Reply) => {
      this.#receive(reply);
    });
    worker.on("error", (cause) => {
      this.#fail(new SqliteError("io", `${path}: its thread died: ${String(cause)}`, { cause }));
    });
    worker.on("exit", () => {
      this.#fail(new SqliteError("io", `${path}: its thread ended unasked`));
      this.#closing?.resolve(undefined);
    });
  }

  async write(statements: readonly Statement[]): Promise<readonly StatementResult[]> {
    if (this.#ended !== undefined) throw this.#ended;
    const size = measureUnit(statements);
    return new Promise((resolve, reject) => {
      this.#queue.push({ statements, ...size, resolve, reject });
      this.#scheduleSend();
    });
  }

  async read(sql: string, parameters: readonly SqlValue[] = []): Promise<readonly SqlRow[]> {
    if (this.#ended !== undefined) throw this.#ended;
    const packer = new ValuePacker();
    for (const value of parameters) packer.add(value);
    const id = this.#nextReadId++;
    return new Promise((resolve, reject) => {
      this.#reads.set(id, { resolve, reject });
      this.#post({ kind: "read", id, sql, parameters: packer.finish() });
    });
  }

  async close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#closing = Promise.withResolvers();
      // A thread that died has nothing left to close.
      if (this.#ended !== undefined) this.#closing.resolve(undefined);
      this.#ended ??= new SqliteError("closed", `${this.#path} is closed`);
      this.#closeWhenIdle();
    }
    await this.#closing.promise;
  }

  /** Waits for the end of the turn, so that everything it asks for goes into one commit. */
  #scheduleSend(): void {
    if (this.#sendScheduled || this.#inFlight.length > 0) return;
    this.#sendScheduled = true;
    setImmediate(() => {
      this.#sendScheduled = false;
      this.#sendNextBatch();
    });
  }

  #sendNextBatch(): void {
    if (this.#queue.length === 0 || this.#inFlight.length > 0) return;
    const unitCount = countUnitsOfNextBatch(this.#queue);
    this.#inFlight = this.#queue.slice(0, unitCount);
    this.#queue = this.#queue.slice(unitCount);
    this.#post(packBatch(this.#inFlight));
  }

  #post(request: Request): void {
    if (request.kind === "write") this.#worker.postMessage(request, [request.values.bytes.buffer]);
    else this.#worker.postMessage(request);
  }

  #receive(reply: Reply): void {
    if (reply.kind === "written") {
      const units = this.#inFlight;
      this.#inFlight = [];
      // The worker starts on the next batch while this one's callers are told.
      this.#sendNextBatch();
      settleBatch(units, reply);
    } else if (reply.kind === "rows" || reply.kind === "unread") {
      const read = this.#reads.get(reply.id);
      this.#reads.delete(reply.id);
      if (reply.kind === "rows") read?.resolve(unpackRows(reply.rows));
      else read?.reject(new SqliteError(reply.failure.code, reply.failure.message));
    }
    this.#closeWhenIdle();
  }

  #closeWhenIdle(): void {
    if (this.#closing === undefined || this.#reads.size > 0) return;
    if (this.#queue.length === 0 && this.#inFlight.length === 0) this.#post({ kind: "close" });
  }

  #fail(error: SqliteError): void {
    this.#ended ??= error;
    const units = [...this.#inFlight, ...this.#queue];
    this.#inFlight = [];
    this.#queue = [];
    for (const unit of units) unit.reject(error);
    for (const read of this.#reads.values()) read.reject(error);
    this.#reads.clear();
  }
}

/** At least one, then as many as fit. */
function countUnitsOfNextBatch(queue: readonly PendingUnit[]): number {
  let rows = 0;
  let bytes = 0;
  for (const [index, unit] of queue.entries()) {
    rows += unit.rowCount;
    bytes += unit.byteCount;
    if (index > 0 && (rows > maxRowsPerBatch || bytes > maxBytesPerBatch)) return index;
  }
  return queue.length;
}
