import { Counter, type Registry } from "prom-client";
import type { UrlVerifier } from "./url-verifier.ts";

type Outcome = Awaited<ReturnType<UrlVerifier["ask"]>>["kind"];

/** Counts what came of asking callback URLs. */
export function createVerificationMetrics(registry: Registry): { readonly asked: (outcome: Outcome) => void } {
  const asked = new Counter({
    name: "postrider_url_verifications_total",
    help: "Callback URLs that were to be asked whether they want deliveries, by outcome. Exhausted: not asked, since too many were lately; if many are, somebody subscribes one URL after the other.",
    labelNames: ["outcome"],
    registers: [registry],
  });
  return {
    asked: (outcome) => {
      asked.inc({ outcome });
    },
  };
}
