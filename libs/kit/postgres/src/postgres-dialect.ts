import {
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SelectQueryNode,
} from "kysely";
import type { Postgres } from "./postgres.ts";

/**
 * Kysely's PostgreSQL over connections that belong to {@link Postgres}: selects are read, anything else runs as a
 * statement of its own. Destroying what is made with it leaves the connections open.
 * @param translateError what to throw in place of a {@link PostgresError}
 */
export function createPostgresDialect(
  postgres: Postgres,
  translateError: (error: unknown) => unknown = (error) => error,
): Dialect {
  const connection = connectTo(postgres, translateError);
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => driverOf(connection),
    createIntrospector: (database) => new PostgresIntrospector(database),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

function connectTo(postgres: Postgres, translateError: (error: unknown) => unknown): DatabaseConnection {
  return {
    executeQuery: async <Row>({ query, sql, parameters }: Parameters<DatabaseConnection["executeQuery"]>[0]) => {
      try {
        // The compiler gave the query its row type; PostgreSQL gives plain rows.
        if (SelectQueryNode.is(query)) return { rows: (await postgres.read(sql, parameters)) as Row[] };
        const { rows, changes } = await postgres.query(sql, parameters);
        return { rows: rows as Row[], numAffectedRows: BigInt(changes) };
      } catch (error) {
        throw translateError(error);
      }
    },
    streamQuery: () => {
      throw new Error("rows are not streamed: page through them with a limit");
    },
  };
}

function driverOf(connection: DatabaseConnection): Driver {
  // Consecutive queries may run on different connections.
  const refuseTransaction = (): Promise<void> =>
    Promise.reject(new Error("no interactive transactions: a unit of writes goes through Postgres.inTransaction"));
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
