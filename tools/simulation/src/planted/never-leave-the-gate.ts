import type { Plant } from "../world/dispatcher-process.ts";

/** A gate that one in so many never leaves: the place of a request that timed out is not given back. */
const ONE_IN = 5;

export const neverLeaveTheGate: Plant = (deps) => {
  let count = 0;
  return {
    ...deps,
    egress: {
      send: async (request) => {
        const result = await deps.egress.send(request);
        if (result.kind !== "unreachable") return result;
        count += 1;
        return count % ONE_IN === 0 ? new Promise<never>(() => undefined) : result;
      },
    },
  };
};
