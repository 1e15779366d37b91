import type { Plant } from "../world/dispatcher-process.ts";

/** A directory that does not hear of changes: what is paused or deleted goes on as it was. */
export const missChanges: Plant = (deps) => ({
  ...deps,
  subscriptions: {
    ...deps.subscriptions,
    watch: async function* (request, signal) {
      for await (const change of deps.subscriptions.watch(request, signal)) yield { ...change, tenantId: "" };
    },
  },
});
