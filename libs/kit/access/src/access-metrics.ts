import { Counter, Gauge, type Registry } from "prom-client";
import { REFUSAL_REASONS, type RefusalReason } from "./refusal.ts";

/** What is counted of the doors. */
export interface AccessMetrics {
  readonly refused: (reason: RefusalReason) => void;
  /** Whether what stands in a file, or at a URL, can't be used, so that what was there before is in force. */
  readonly stale: (what: StaleSource, isStale: boolean) => void;
}

export type StaleSource = "tokens" | "certificates" | "service_token" | "issuer_keys";

const metricsByRegistry = new WeakMap<Registry, AccessMetrics>();

/** Made once for each registry: a process that is called and calls has one set of them. */
export function accessMetricsOf(registry: Registry): AccessMetrics {
  const known = metricsByRegistry.get(registry);
  if (known) return known;
  const metrics = createMetrics(registry);
  metricsByRegistry.set(registry, metrics);
  return metrics;
}

function createMetrics(registry: Registry): AccessMetrics {
  const refused = new Counter({
    name: "postrider_calls_refused_total",
    help: "Calls that were not let in, by the reason, which their callers are not told. scope: a known caller asked for more than it may.",
    labelNames: ["reason"],
    registers: [registry],
  });
  for (const reason of REFUSAL_REASONS) refused.inc({ reason }, 0);
  const stale = new Gauge({
    name: "postrider_access_stale",
    help: "1 while the newest tokens, certificates or issuer's keys can't be used, and those before them are in force.",
    labelNames: ["what"],
    registers: [registry],
  });
  return {
    refused: (reason) => {
      refused.inc({ reason });
    },
    stale: (what, isStale) => {
      stale.set({ what }, Number(isStale));
    },
  };
}
