import type { Plant } from "../world/dispatcher-process.ts";

/** A recorder that says "durable" before the append: fast, until a process dies or the log is away. */
export const recordBeforeTheAppend: Plant = (deps) => ({
  ...deps,
  log: {
    ...deps.log,
    writer: {
      append: async (records) => {
        deps.log.writer.append(records).catch(() => undefined);
        return Promise.resolve({ appendedAtMs: deps.clock.nowMs() });
      },
    },
  },
});
