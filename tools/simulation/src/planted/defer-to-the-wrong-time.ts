import type { Plant } from "../world/dispatcher-process.ts";

/** Deferred deliveries are due so much later than they should be, in milliseconds; earlier if negative. */
export function deferToTheWrongTime(byMs: number): Plant {
  return (deps) => ({
    ...deps,
    deferred: {
      ...deps.deferred,
      defer: async (tasks) => deps.deferred.defer(tasks.map((task) => ({ ...task, dueAtMs: task.dueAtMs + byMs }))),
    },
  });
}
