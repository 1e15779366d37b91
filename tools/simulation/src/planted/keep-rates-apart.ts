import type { Plant } from "../world/dispatcher-process.ts";

/** A dispatcher that takes itself for the only one: each keeps a subscription's rate, and all together exceed it. */
export const keepRatesApart: Plant = (deps) => ({ ...deps, process: { ...deps.process, isShared: false } });
