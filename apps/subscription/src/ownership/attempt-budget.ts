import type { Clock } from "@postrider/kit-lifecycle";

/** At once at most `burst`, then one in each interval. */
interface Rate {
  readonly burst: number;
  readonly intervalMs: number;
}

// Strangers choose the URLs: without bounds, whoever may subscribe could have Postrider shoot at somebody's machine.
/** For who sets up a tenant's URLs one after the other; a tenant with a wildcard name gets no further than this. */
const PER_TENANT: Rate = { burst: 20, intervalMs: 3_000 };
/** Of all tenants together. Many have their endpoints at one integration platform; one request a second hurts nobody. */
const PER_HOST: Rate = { burst: 60, intervalMs: 1_000 };
/** Some 2 MB. With more of them in the last minute something is wrong, and no URL is asked for a while. */
const MAX_REMEMBERED = 20_000;

/** When it may be tried again. `whose`: for people. */
export interface Exhausted {
  readonly kind: "exhausted";
  readonly whose: string;
  readonly retryAfterMs: number;
}

/** How often callback URLs may be asked. In this process: each instance of the service has its own. */
export interface AttemptBudget {
  readonly take: (tenantId: string, host: string) => Exhausted | undefined;
}

export function createAttemptBudget(clock: Pick<Clock, "nowMs">): AttemptBudget {
  /** When the next one is due if all keep the exact rate (GCRA, ITU-T I.371), milliseconds since the epoch. */
  const dueAtMs = new Map<string, number>();

  function findWaitMs(key: string, { burst, intervalMs }: Rate, nowMs: number): number {
    return Math.max(0, (dueAtMs.get(key) ?? 0) - (burst - 1) * intervalMs - nowMs);
  }

  function spend(key: string, { intervalMs }: Rate, nowMs: number): void {
    dueAtMs.set(key, Math.max(nowMs, dueAtMs.get(key) ?? 0) + intervalMs);
  }

  function forgetPast(nowMs: number): void {
    for (const [key, atMs] of dueAtMs) if (atMs <= nowMs) dueAtMs.delete(key);
  }

  return {
    take: (tenantId, host) => {
      const nowMs = clock.nowMs();
      if (dueAtMs.size >= MAX_REMEMBERED) forgetPast(nowMs);
      if (dueAtMs.size >= MAX_REMEMBERED) {
        return { kind: "exhausted", whose: "all tenants", retryAfterMs: PER_TENANT.intervalMs };
      }
      const [ofTenant, ofHost] = [`tenant ${tenantId}`, `host ${host}`];
      const tenantWaitMs = findWaitMs(ofTenant, PER_TENANT, nowMs);
      if (tenantWaitMs > 0) return { kind: "exhausted", whose: "this tenant", retryAfterMs: tenantWaitMs };
      const hostWaitMs = findWaitMs(ofHost, PER_HOST, nowMs);
      if (hostWaitMs > 0) return { kind: "exhausted", whose: "this host", retryAfterMs: hostWaitMs };
      spend(ofTenant, PER_TENANT, nowMs);
      spend(ofHost, PER_HOST, nowMs);
      return undefined;
    },
  };
}
