import type { Plant } from "../world/dispatcher-process.ts";

/** A dispatcher that believes to have a subscription disabled, and does not: what is gone is sent to for ever. */
export const keepOnTheGone: Plant = (deps) => ({
  ...deps,
  subscriptions: { ...deps.subscriptions, disable: async () => Promise.resolve() },
});
