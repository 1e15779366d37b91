import type { Plant } from "../world/dispatcher-process.ts";

/** A dispatcher that tells of failures alone: whoever was suspected once is given up, however well it does since. */
export const keepSuccessesToItself: Plant = (deps) => ({
  ...deps,
  subscriptions: {
    ...deps.subscriptions,
    reportHealth: async (request) =>
      request.health?.$case === "succeeded" ? { countFrom: undefined } : deps.subscriptions.reportHealth(request),
  },
});
