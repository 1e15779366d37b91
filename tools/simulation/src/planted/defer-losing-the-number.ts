import { decodeDeferredDelivery, encodeDeferredDelivery } from "@postrider/records";
import type { Plant } from "../world/dispatcher-process.ts";

/** A deferral that loses the attempt's number: each retry is a first attempt again, and no schedule ever ends. */
export const deferLosingTheNumber: Plant = (deps) => ({
  ...deps,
  deferred: {
    ...deps.deferred,
    defer: async (tasks) =>
      deps.deferred.defer(
        tasks.map((task) => ({
          ...task,
          value: encodeDeferredDelivery({ ...decodeDeferredDelivery(task.value), nextAttempt: 1 }),
        })),
      ),
  },
});
