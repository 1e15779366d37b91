// A steady load that goes round endpoints, each of which is a tenant, and what became of it.
import { setTimeout as sleep } from "node:timers/promises";
import type { PlatformClient } from "../platform/client.ts";
import type { EndpointServer } from "./endpoint-server.ts";

export interface RoundRobinOptions {
  readonly client: Pick<PlatformClient, "publish">;
  readonly endpoints: readonly string[];
  /** In front of the events' ids. */
  readonly phase: string;
  readonly perSecond: number;
  readonly forMs: number;
}

/** When publishing each event began, by id, for each endpoint; milliseconds since the epoch. */
export type Published = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** As many in each tick as keep to the pace, however late it comes. Resolves when all were accepted. */
export async function publishRound(options: RoundRobinOptions): Promise<Published> {
  const { client, endpoints, phase, perSecond, forMs } = options;
  const published = new Map(endpoints.map((endpoint) => [endpoint, new Map<string, number>()]));
  const publishing: Promise<void>[] = [];
  const startedMs = performance.now();
  for (let made = 0; ;) {
    const passedMs = performance.now() - startedMs;
    if (passedMs >= forMs) break;
    for (; made < (passedMs * perSecond) / 1000; made++) {
      const endpoint = endpoints[made % endpoints.length] ?? "";
      const id = `${phase}-${made}`;
      published.get(endpoint)?.set(id, Date.now());
      publishing.push(client.publish({ id, tenantId: endpoint }));
    }
    await sleep(5);
  }
  await Promise.all(publishing);
  return published;
}

export interface Delays {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** The share of the events that came within the time. */
  readonly share: number;
}

/** From publish to arrival, milliseconds, over some endpoints; what came later than `untilMs` (since the epoch) is not counted. */
export function measureDelays(
  published: Published,
  endpoints: readonly string[],
  { server, untilMs }: { readonly server: Pick<EndpointServer, "arrivalsOf">; readonly untilMs: number },
): Delays {
  const delays: number[] = [];
  let count = 0;
  for (const endpoint of endpoints) {
    const arrivals = server.arrivalsOf(endpoint);
    for (const [id, atMs] of published.get(endpoint) ?? []) {
      count++;
      const arrivedMs = arrivals.get(id) ?? Infinity;
      if (arrivedMs <= untilMs) delays.push(arrivedMs - atMs);
    }
  }
  delays.sort((a, b) => a - b);
  const at = (share: number): number => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1), share: delays.length / count };
}
