/**
 * The thread that owns the file. Messages are handled one by one, in the order in which they came: a read sees every
 * commit that was answered before it was asked, and nothing that is not committed.
 */
import { parentPort, workerData, type Transferable } from "node:worker_threads";
import { describeFailure, describeOpenFailure } from "./failure.ts";
import type { PackedRows, ReadMessage, Reply, Request, WorkerSettings } from "./messages.ts";
import { openDatabase } from "./open-database.ts";
import { ValueReader } from "./packed-values.ts";
import { runForRows, runUnits, type OpenFile } from "./run-units.ts";
import { StatementCache } from "./statement-cache.ts";

const port = parentPort;
if (port === null) throw new Error("worker.ts runs as a worker thread only: use openSqlite");

const { path, schema } = workerData as WorkerSettings;
const file = open();
if (file !== undefined) {
  port.on("message", (request: Request) => {
    answer(file, request);
  });
  reply({ kind: "opened" });
}

function open(): OpenFile | undefined {
  try {
    const database = openDatabase(path, schema);
    return { path, database, statements: new StatementCache(database) };
  } catch (error) {
    reply({ kind: "refused", failure: describeOpenFailure(path, error) });
    return undefined;
  }
}

function answer(open: OpenFile, request: Request): void {
  switch (request.kind) {
    case "write": {
      const written = runUnits(open, request);
      reply(
        written,
        written.returned.flatMap(([, rows]) => listBuffers(rows)),
      );
      return;
    }
    case "read":
      read(open, request);
      return;
    case "close":
      open.database.close();
      port?.close();
      return;
  }
}

function read(open: OpenFile, { id, sql, parameters }: ReadMessage): void {
  try {
    const values = new ValueReader(parameters).take(parameters.scalars.length);
    const rows = runForRows(open.statements.get(sql), [values]);
    reply({ kind: "rows", id, rows }, listBuffers(rows));
  } catch (error) {
    open.statements.drop(sql);
    reply({ kind: "unread", id, failure: describeFailure(open.path, error) });
  }
}

function listBuffers(rows: PackedRows): ArrayBuffer[] {
  return [rows.values.bytes.buffer];
}

function reply(message: Reply, transfer: readonly Transferable[] = []): void {
  port?.postMessage(message, transfer);
}
