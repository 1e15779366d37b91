import type { Sqlite } from "@postrider/kit-sqlite";
import { LogError, type Position } from "./event-log.ts";
import { onlyPartition } from "./record-pages.ts";

/** The port's bound for what stands beside a committed offset. */
const maxMetadataChars = 4_096;

/** Who reads what. */
export interface Reading {
  readonly topic: string;
  readonly group: string;
}

/**
 * Where the group stands. A group that is new gets offset 0 written down, so that retention keeps the records for it
 * from its first run on.
 * @throws {SqliteError}
 */
export async function loadPosition(sqlite: Sqlite, { topic, group }: Reading): Promise<Position> {
  const results = await sqlite.write([
    { sql: "INSERT OR IGNORE INTO log_positions VALUES (?, ?, ?, 0, '')", rows: [[topic, group, onlyPartition]] },
    {
      sql: `SELECT "offset", metadata FROM log_positions WHERE topic = ? AND grp = ? AND partition = ?`,
      rows: [[topic, group, onlyPartition]],
    },
  ]);
  const row = results[1]?.rows[0];
  return { partition: onlyPartition, offset: Number(row?.["offset"]), metadata: String(row?.["metadata"]) };
}

/** @throws {LogError} `refused` for a partition that is not there or too much metadata; {@link SqliteError} */
export async function storePositions(
  sqlite: Sqlite,
  { topic, group }: Reading,
  positions: readonly Position[],
): Promise<void> {
  for (const { partition, metadata } of positions) {
    if (partition !== onlyPartition) {
      throw new LogError(
        "refused",
        `topic ${topic}: partition ${partition} does not exist, only ${onlyPartition} does`,
      );
    }
    if (metadata.length > maxMetadataChars) {
      const bound = `at most ${maxMetadataChars}`;
      throw new LogError("refused", `topic ${topic}: metadata of ${metadata.length} characters, ${bound} are kept`);
    }
  }
  const rows = positions.map(({ partition, offset, metadata }) => [topic, group, partition, offset, metadata]);
  await sqlite.write([{ sql: "INSERT OR REPLACE INTO log_positions VALUES (?, ?, ?, ?, ?)", rows }]);
}
