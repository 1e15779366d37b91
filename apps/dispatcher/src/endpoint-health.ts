import { WayOut } from "@postrider/domain-delivery";
import type { Endpoint } from "./endpoint.ts";
import {
  createHealthReports,
  createSightings,
  type HealthReportsDeps,
  type ReportedEndpoint,
  type Sightings,
} from "./health-reports.ts";

/** Endpoints whose last attempts failed; the one that failed least lately goes first. Some 20 MiB when it is full. */
const MAX_SEEN = 100_000;

type SeenEndpoint = ReportedEndpoint & Pick<Endpoint, "host">;

/**
 * Tells the subscription service of endpoints that do nothing but fail, and of the first success afterwards. It folds
 * what all dispatchers tell; here is only what this process saw, in memory.
 *
 * Deliveries never wait for it. One report at a time is out for a subscription. One that is not taken is dropped: the
 * next interval's says the same, and a success that was not told is told again with the next success, or before the
 * next failures.
 *
 * While the way out of this process is in doubt ({@link WayOut}) what can't be reached is not held against its endpoint: it
 * is not counted, and for an interval after nothing is reported of it. The window of the doubt is that interval too: when
 * a streak is old enough to be told, nothing is remembered any more that was reached before it began.
 */
export interface EndpointHealth {
  /** An attempt was sent, and not received well. @param isReached there was an answer, whatever it said */
  readonly failed: (endpoint: SeenEndpoint, isReached: boolean) => void;
  /** On the way of every delivery: two lookups where nothing is wrong. */
  readonly succeeded: (endpoint: SeenEndpoint) => void;
  readonly count: () => HealthCounts;
}

/** For metrics. */
interface HealthCounts {
  /** Endpoints whose last attempts from here all failed. */
  readonly failing: number;
  /** Those of them of which the subscription service knows. */
  readonly reported: number;
  readonly isWayOutInDoubt: boolean;
}

export interface EndpointHealthDeps extends HealthReportsDeps {
  /** How long an endpoint has to fail until it is reported, and how often it is while it goes on; milliseconds. */
  readonly reportEveryMs: number;
}

/** One for each process. */
export function createEndpointHealth({ reportEveryMs, ...deps }: EndpointHealthDeps): EndpointHealth {
  // In the order of what was seen last.
  const seen = new Map<string, Sightings>();
  const wayOut = watchWayOut(reportEveryMs, deps);
  const reports = createHealthReports(deps, (subscriptionId, sightings) => {
    if (seen.get(subscriptionId) === sightings) seen.delete(subscriptionId);
  });

  /** What was learnt of another URL says nothing of this one. */
  function take({ subscriptionId, url }: ReportedEndpoint): Sightings {
    const known = seen.get(subscriptionId);
    const sightings = known?.url === url ? known : createSightings(url);
    seen.delete(subscriptionId);
    seen.set(subscriptionId, sightings);
    if (seen.size > MAX_SEEN) seen.delete(seen.keys().next().value ?? "");
    return sightings;
  }

  function countFailure(sightings: Sightings, nowMs: number): void {
    if (sightings.failures === 0) {
      sightings.sinceMs = nowMs;
      sightings.nextReportAtMs = nowMs + reportEveryMs;
    }
    sightings.failures += 1;
    sightings.lastFailureAtMs = nowMs;
  }

  return {
    failed: (endpoint, isReached) => {
      const nowMs = deps.clock.nowMs();
      wayOut.note(endpoint.host, isReached);
      if (!isReached && wayOut.isInDoubt()) {
        const known = seen.get(endpoint.subscriptionId);
        if (known) known.nextReportAtMs = nowMs + reportEveryMs;
        return;
      }
      const sightings = take(endpoint);
      countFailure(sightings, nowMs);
      if (nowMs < sightings.nextReportAtMs) return;
      sightings.nextReportAtMs = nowMs + reportEveryMs;
      reports.tell(endpoint, sightings);
    },
    succeeded: (endpoint) => {
      wayOut.note(endpoint.host, true);
      if (seen.size === 0 && !endpoint.isSuspected) return;
      const known = seen.get(endpoint.subscriptionId);
      const isSuspected = endpoint.isSuspected && !reports.isAnswered(endpoint);
      if (!known && !isSuspected) return;
      if (!isSuspected && known?.isReported !== true && known?.untoldSuccessAtMs === undefined) {
        seen.delete(endpoint.subscriptionId);
        return;
      }
      const sightings = take(endpoint);
      sightings.failures = 0;
      sightings.untoldSuccessAtMs = deps.clock.nowMs();
      reports.tell(endpoint, sightings);
    },
    count: () => {
      const failing = [...seen.values()].filter(({ failures }) => failures > 0);
      const reported = failing.filter(({ isReported }) => isReported).length;
      return { failing: failing.length, reported, isWayOutInDoubt: wayOut.isInDoubt() };
    },
  };
}

interface WatchedWayOut {
  readonly note: (host: string, isReached: boolean) => void;
  readonly isInDoubt: () => boolean;
}

/** Says so when the doubt begins, and when it ends. */
function watchWayOut(windowMs: number, { clock, logger }: Pick<HealthReportsDeps, "clock" | "logger">): WatchedWayOut {
  const wayOut = new WayOut(windowMs);
  let wasInDoubt = false;
  return {
    note: (host, isReached) => {
      wayOut.note(host, isReached, clock.monotonicUs() / 1000);
      if (wayOut.isInDoubt === wasInDoubt) return;
      wasInDoubt = wayOut.isInDoubt;
      if (wasInDoubt) logger.error("nearly no endpoint can be reached from here: is the network, DNS or proxy broken?");
      else logger.info("endpoints can be reached again");
    },
    isInDoubt: () => wayOut.isInDoubt,
  };
}
