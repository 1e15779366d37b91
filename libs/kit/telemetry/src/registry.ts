import { collectDefaultMetrics, Registry } from "prom-client";

/** The metrics of one process: its own registry, so that two platforms in one process do not collide. */
export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
