import { Gauge, type Registry } from "prom-client";
import type { EndpointHealth } from "./endpoint-health.ts";

/** Shows in metrics what a dispatcher knows of endpoints that fail. */
export function observeEndpointHealth(health: Pick<EndpointHealth, "count">, registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: "postrider_failing_endpoints",
    help: "Endpoints whose last attempts from this dispatcher all failed (state=seen), and those of them of which the subscription service was told (state=reported): it warns their tenants, and disables their subscriptions in the end. If many begin at the same time, look at what they have in common: a host, a network, a change of what is sent.",
    labelNames: ["state"],
    registers,
    collect() {
      const { failing, reported } = health.count();
      this.set({ state: "seen" }, failing);
      this.set({ state: "reported" }, reported);
    },
  });
  new Gauge({
    name: "postrider_way_out_in_doubt",
    help: "1 while this dispatcher reaches nearly no endpoint: its own network, name server or proxy is broken, rather than all of them. Nothing is held against endpoints meanwhile, and deliveries are tried again. Mend the way out.",
    registers,
    collect() {
      this.set(Number(health.count().isWayOutInDoubt));
    },
  });
}
