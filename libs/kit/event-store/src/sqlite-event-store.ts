import {
  type Sqlite,
  SqliteError,
  type SqlRow,
  type SqlValue,
  type Statement,
  toSqlValues,
} from "@postrider/kit-sqlite";
import { asEventStoreError } from "./as-event-store-error.ts";
import { type AppendToStream, type EventStore, EventStoreError, type StoredEvent } from "./event-store.ts";
import { decodeStoredEvent, listAppended, SELECT_EVENTS } from "./stored-event.ts";

/**
 * What must stand in the file that {@link openSqliteEventStore} uses.
 * AUTOINCREMENT, so that a position is never given twice, not even after deletes.
 */
export const eventStoreSchema: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    appended_at_ms INTEGER NOT NULL,
    UNIQUE (stream, version)
  ) STRICT`,
];

/**
 * One row. Its version is NULL, which the table refuses, unless the stream stands exactly one below it: a stale
 * expectation fails, and so does one from the future, which the unique constraint alone would let leave a gap.
 */
const INSERT_EVENT = `
  INSERT INTO events (stream, version, type, data, appended_at_ms)
  SELECT ?1, CASE WHEN coalesce(max(version), 0) = ?2 - 1 THEN ?2 END, ?3, ?4, ?5 FROM events WHERE stream = ?1
  RETURNING position`;

/** The event store in an SQLite file that was opened with {@link eventStoreSchema}. Closing the file ends it. */
export function openSqliteEventStore({ sqlite }: { readonly sqlite: Sqlite }): EventStore {
  const listeners = new Set<() => void>();

  async function append(request: AppendToStream): Promise<readonly StoredEvent[]> {
    if (request.events.length === 0) throw new RangeError(`an append to ${request.stream} has no events`);
    const [inserted] = await writeUnit(sqlite, request);
    for (const listener of listeners) queueMicrotask(listener);
    return listAppended(request, (index) => inserted?.rows[index]?.["position"]);
  }

  return {
    append,
    redact: async ({ position, data }) => {
      await redact(sqlite, position, JSON.stringify(data));
    },
    load: async (stream) => await select(sqlite, "WHERE stream = ? ORDER BY version", [stream]),
    readAfter: async (position, limit) =>
      await select(sqlite, "WHERE position > ? ORDER BY position LIMIT ?", [position, limit]),
    revision: async () => {
      const [row] = await read(sqlite, "SELECT coalesce(max(position), 0) AS revision FROM events", []);
      return Number(row?.["revision"]);
    },
    onAppended: (listener) => {
      // A wrapper of its own, so that one function given twice is two listeners.
      const wake = (): void => {
        listener();
      };
      listeners.add(wake);
      return () => {
        listeners.delete(wake);
      };
    },
  };
}

async function writeUnit(sqlite: Sqlite, request: AppendToStream): ReturnType<Sqlite["write"]> {
  try {
    return await sqlite.write([insertEvents(request), ...request.projections.map(compile)]);
  } catch (error) {
    if (isConstraint(error)) await assertNoConflict(sqlite, request, error);
    throw asEventStoreError(error);
  }
}

async function redact(sqlite: Sqlite, position: number, data: string): Promise<void> {
  try {
    await sqlite.write([{ sql: "UPDATE events SET data = ? WHERE position = ?", rows: [[data, position]] }]);
  } catch (error) {
    throw asEventStoreError(error);
  }
}

function insertEvents({ stream, expectedVersion, events, appendedAtMs }: AppendToStream): Statement {
  return {
    sql: INSERT_EVENT,
    rows: events.map(({ type, data }, index) => [
      stream,
      expectedVersion + index + 1,
      type,
      JSON.stringify(data),
      appendedAtMs,
    ]),
  };
}

function compile(projection: AppendToStream["projections"][number]): Statement {
  const { sql, parameters } = projection.compile();
  return { sql, rows: [toSqlValues(parameters)] };
}

/** A projection may break a constraint too, which is no lost race: the stream's version tells them apart. */
async function assertNoConflict(sqlite: Sqlite, request: AppendToStream, cause: unknown): Promise<void> {
  const { stream, expectedVersion } = request;
  const [row] = await read(sqlite, "SELECT coalesce(max(version), 0) AS version FROM events WHERE stream = ?", [
    stream,
  ]);
  const version = Number(row?.["version"]);
  if (version === expectedVersion) return;
  const message = `${stream} is at version ${version}, not at ${expectedVersion}`;
  throw new EventStoreError("conflict", message, { cause });
}

async function select(
  sqlite: Sqlite,
  clauses: string,
  parameters: readonly SqlValue[],
): Promise<readonly StoredEvent[]> {
  const rows = await read(sqlite, `${SELECT_EVENTS} ${clauses}`, parameters);
  return rows.map(decodeStoredEvent);
}

async function read(sqlite: Sqlite, sql: string, parameters: readonly SqlValue[]): Promise<readonly SqlRow[]> {
  try {
    return await sqlite.read(sql, parameters);
  } catch (error) {
    throw asEventStoreError(error);
  }
}

function isConstraint(error: unknown): boolean {
  return error instanceof SqliteError && error.code === "constraint";
}
