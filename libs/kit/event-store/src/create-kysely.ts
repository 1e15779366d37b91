import type { Sqlite } from "@postrider/kit-sqlite";
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SelectQueryNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { asEventStoreError } from "./as-event-store-error.ts";
import { toSqlValues } from "./sql-values.ts";

/**
 * Typed queries over a file that is already open. Selects read what is committed; any other query is a unit of its
 * own, durable when it resolves. A file that can't be used rejects as the event store does. Destroying it leaves the file open: that belongs to who opened it.
 */
export function createKysely<Schema>(sqlite: Sqlite): Kysely<Schema> {
  const connection = connectTo(sqlite);
  const dialect: Dialect = {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => driverOf(connection),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
  return new Kysely<Schema>({ dialect });
}

function connectTo(sqlite: Sqlite): DatabaseConnection {
  return {
    executeQuery: async (query) => {
      try {
        return await execute(sqlite, query);
      } catch (error) {
        throw asEventStoreError(error);
      }
    },
    streamQuery: () => {
      throw new Error("rows can't be streamed from the worker: page through them with a limit");
    },
  };
}

async function execute<Row>(sqlite: Sqlite, { query, sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
  const values = toSqlValues(parameters);
  // The compiler gave the query its row type; SQLite gives plain rows.
  if (SelectQueryNode.is(query)) return { rows: (await sqlite.read(sql, values)) as Row[] };
  const [result] = await sqlite.write([{ sql, rows: [values] }]);
  if (!result) return { rows: [] };
  const { rows, lastRowid, changes } = result;
  return { rows: rows as Row[], insertId: BigInt(lastRowid), numAffectedRows: BigInt(changes) };
}

function driverOf(connection: DatabaseConnection): Driver {
  // The worker commits many callers' units together, so a transaction that waits for its caller would hold up all.
  const refuseTransaction = (): Promise<void> =>
    Promise.reject(new Error("no interactive transactions: a unit of writes goes through EventStore.append"));
  const doNothing = (): Promise<void> => Promise.resolve();
  return {
    init: doNothing,
    acquireConnection: () => Promise.resolve(connection),
    beginTransaction: refuseTransaction,
    commitTransaction: refuseTransaction,
    rollbackTransaction: refuseTransaction,
    releaseConnection: doNothing,
    destroy: doNothing,
  };
}
