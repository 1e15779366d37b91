import type { EventLog, LogReader, Position } from "@postrider/kit-event-log";
import type { Plant } from "../world/dispatcher-process.ts";

/** A window that forgets at a restart what was unfinished: it commits the highest offset that was read, as a plain consumer does. */
export const forgetUnfinished: Plant = (deps) => ({
  ...deps,
  log: { ...deps.log, reader: (options) => wrap(deps.log.reader(options)) },
});

function wrap(reader: ReturnType<EventLog["reader"]>): LogReader {
  const nextOffsets = new Map<number, number>();
  const forget = (positions: readonly Position[]): Position[] =>
    positions.map(({ partition, offset }) => ({
      partition,
      offset: Math.max(offset, nextOffsets.get(partition) ?? 0),
      metadata: "",
    }));
  return {
    ...reader,
    run: async (events, signal) => {
      const { rebalancing = () => [] } = events;
      await reader.run(
        {
          ...events,
          assigned: async (positions) => {
            for (const { partition } of positions) nextOffsets.delete(partition);
            await events.assigned(positions);
          },
          records: (partition, records) => {
            const last = records.at(-1);
            if (last) nextOffsets.set(partition, last.offset + 1);
            events.records(partition, records);
          },
          rebalancing: () => forget(rebalancing()),
        },
        signal,
      );
    },
    commit: async (positions) => reader.commit(forget(positions)),
  };
}
