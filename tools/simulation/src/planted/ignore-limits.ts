import type { Plant } from "../world/dispatcher-process.ts";

/** A directory that forgets what a subscription's limits are. */
export const ignoreLimits: Plant = (deps) => ({
  ...deps,
  subscriptions: {
    ...deps.subscriptions,
    resolve: async (request) => {
      const answer = await deps.subscriptions.resolve(request);
      const subscriptions = answer.subscriptions.map((subscription) => {
        const timeout = subscription.limits?.timeout;
        return { ...subscription, limits: { maxInFlight: 0, ratePerSecond: 0, timeout } };
      });
      return { ...answer, subscriptions };
    },
  },
});
