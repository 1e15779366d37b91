import { type Clock, systemClock } from "@postrider/kit-lifecycle";
import { type Postgres, PostgresError, type PostgresRow, type RunQuery } from "@postrider/kit-postgres";
import { createAppendBell } from "./append-bell.ts";
import { asEventStoreError } from "./as-event-store-error.ts";
import { type AppendToStream, type EventStore, EventStoreError, type StoredEvent } from "./event-store.ts";
import { decodeStoredEvent, listAppended, SELECT_EVENTS } from "./stored-event.ts";

const STREAM_CONSTRAINT = "events_by_stream";

/**
 * What must stand in the database that {@link openPostgresEventStore} uses. Streams sort by bytes, whatever the
 * database's collation. Data is text: jsonb takes no U+0000, forgets the order of keys, and nobody searches in it here.
 */
export const postgresEventStoreSchema: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS events (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    appended_at_ms BIGINT NOT NULL,
    CONSTRAINT ${STREAM_CONSTRAINT} UNIQUE (stream, version)
  )`,
];

/**
 * Appends take this lock, in the whole database, until they are visible: so positions become visible in their order,
 * and a reader that has seen position n never finds a new one below n later, which would be lost to Watch. Without it a
 * slow transaction would show its lower positions after a fast one's higher ones. A lock on the table would do too, but
 * would also wait for vacuum. Any number will do.
 */
const APPEND_LOCK = 0x65767473;
const CHANNEL = "postrider_events_appended";
/** Should a notification be lost, as behind a proxy that takes LISTEN and forgets it. */
const POLL_MS = 5000;

/**
 * All rows or none: none unless the stream stands at the expected version, which holds until the commit because of the
 * lock. Listeners in all processes hear of it when it is committed.
 */
const INSERT_EVENTS = `
  WITH inserted AS (
    INSERT INTO events (stream, version, type, data, appended_at_ms)
    SELECT $1, $2::bigint + new.number, new.type, new.data, $5
    FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS new (type, data, number)
    WHERE (SELECT coalesce(max(version), 0) FROM events WHERE stream = $1) = $2::bigint
    ORDER BY new.number
    RETURNING position, version
  )
  SELECT json_agg(position ORDER BY version) AS positions, pg_notify('${CHANNEL}', max(position)::text)
  FROM inserted HAVING count(*) > 0`;

export interface PostgresEventStoreOptions {
  /** Opened with {@link postgresEventStoreSchema}. */
  readonly postgres: Postgres;
  readonly clock?: Clock;
}

/** The event store in PostgreSQL, shared by any number of processes. Closing the connections ends it. */
export function openPostgresEventStore({ postgres, clock = systemClock }: PostgresEventStoreOptions): EventStore {
  const bell = createAppendBell({ clock, pollMs: POLL_MS, readRevision: async () => await readRevision(postgres) });
  postgres.listen(CHANNEL, (position) => {
    if (position === undefined) bell.ringAnyway();
    else bell.ringUpTo(Number(position));
  });

  return {
    append: async (request) => {
      if (request.events.length === 0) throw new RangeError(`an append to ${request.stream} has no events`);
      const positions = await writeUnit(postgres, request);
      bell.ringUpTo(positions.at(-1) ?? 0);
      return listAppended(request, (index) => positions[index]);
    },
    redact: async ({ position, data }) => {
      await redact(postgres, position, JSON.stringify(data));
    },
    load: async (stream) => {
      // PostgreSQL refuses U+0000, so there is no such stream.
      if (stream.includes("\0")) return [];
      return await select(postgres, "WHERE stream = $1 ORDER BY version", [stream]);
    },
    readAfter: async (position, limit) =>
      await select(postgres, "WHERE position > $1 ORDER BY position LIMIT $2", [position, limit]),
    revision: async () => await readRevision(postgres),
    onAppended: bell.listen,
  };
}

async function writeUnit(postgres: Postgres, request: AppendToStream): Promise<readonly number[]> {
  try {
    return await postgres.inTransaction(
      async (query) => {
        const positions = await insertEvents(query, request);
        for (const projection of request.projections) {
          const { sql, parameters } = projection.compile();
          await query(sql, parameters);
        }
        return positions;
      },
      { lockKey: APPEND_LOCK },
    );
  } catch (error) {
    // By a writer that did not take the lock.
    if (error instanceof PostgresError && error.constraint === STREAM_CONSTRAINT) {
      throw new EventStoreError("conflict", `${request.stream} has moved on: ${error.message}`, { cause: error });
    }
    throw asEventStoreError(error);
  }
}

/** The old row is gone for good when it is vacuumed. */
async function redact(postgres: Postgres, position: number, data: string): Promise<void> {
  try {
    await postgres.query("UPDATE events SET data = $1 WHERE position = $2", [data, position]);
  } catch (error) {
    throw asEventStoreError(error);
  }
}

/** The positions of the new events. @throws {EventStoreError} `conflict` */
async function insertEvents(query: RunQuery, request: AppendToStream): Promise<readonly number[]> {
  const { stream, expectedVersion, events, appendedAtMs } = request;
  const types = events.map(({ type }) => type);
  const data = events.map((event) => JSON.stringify(event.data));
  const { rows } = await query(INSERT_EVENTS, [stream, expectedVersion, types, data, appendedAtMs]);
  const [inserted] = rows;
  if (inserted) return inserted["positions"] as readonly number[];
  const found = await query("SELECT coalesce(max(version), 0) AS version FROM events WHERE stream = $1", [stream]);
  const version = String(found.rows[0]?.["version"]);
  throw new EventStoreError("conflict", `${stream} is at version ${version}, not at ${expectedVersion}`);
}

async function readRevision(postgres: Postgres): Promise<number> {
  const [row] = await read(postgres, "SELECT coalesce(max(position), 0) AS revision FROM events", []);
  return Number(row?.["revision"]);
}

async function select(
  postgres: Postgres,
  clauses: string,
  values: readonly unknown[],
): Promise<readonly StoredEvent[]> {
  const rows = await read(postgres, `${SELECT_EVENTS} ${clauses}`, values);
  return rows.map(decodeStoredEvent);
}

async function read(postgres: Postgres, sql: string, values: readonly unknown[]): Promise<readonly PostgresRow[]> {
  try {
    return await postgres.read(sql, values);
  } catch (error) {
    throw asEventStoreError(error);
  }
}
