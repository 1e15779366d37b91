import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SelectQueryNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import { toSqlValues } from "./sql-values.ts";
import type { Sqlite } from "./sqlite.ts";

/**
 * Kysely's SQLite over a file that is already open. Selects read what is committed; any other query is a unit of its
 * own, durable when it resolves. Destroying what is made with it leaves the file open: that belongs to who opened it.
 * @param translateError what to throw in place of a {@link SqliteError}
 */
export function createSqliteDialect(
  sqlite: Sqlite,
  translateError: (error: unknown) => unknown = (error) => error,
): Dialect {
  const connection = connectTo(sqlite, translateError);
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => driverOf(connection),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

function connectTo(sqlite: Sqlite, translateError: (error: unknown) => unknown): DatabaseConnection {
  return {
    executeQuery: async (query) => {
      try {
        return await execute(sqlite, query);
      } catch (error) {
        throw translateError(error);
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
    Promise.reject(new Error("no interactive transactions: a unit of writes goes through Sqlite.write"));
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
