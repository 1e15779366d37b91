import {
  createHealthReports,
  createSightings,
  type HealthReportsDeps,
  type ReportedEndpoint,
  type Sightings,
} from "./health-reports.ts";

/** Endpoints whose last attempts failed; the one that failed least lately goes first. Some 20 MiB when it is full. */
const MAX_SEEN = 100_000;

/**
 * Tells the subscription service of endpoints that do nothing but fail, and of the first success afterwards. It folds
 * what all dispatchers tell; here is only what this process saw, in memory.
 *
 * Deliveries never wait for it. One report at a time is out for a subscription. One that is not taken is dropped: the
 * next interval's says the same, and a success that was not told is told again with the next success, or before the
 * next failures.
 */
export interface EndpointHealth {
  /** An attempt was sent, and not received well. */
  readonly failed: (endpoint: ReportedEndpoint) => void;
  /** On the way of every delivery: one lookup where nothing is wrong. */
  readonly succeeded: (endpoint: ReportedEndpoint) => void;
}

export interface EndpointHealthDeps extends HealthReportsDeps {
  /** How long an endpoint has to fail until it is reported, and how often it is while it goes on; milliseconds. */
  readonly reportEveryMs: number;
}

/** One for each process. */
export function createEndpointHealth({ reportEveryMs, ...deps }: EndpointHealthDeps): EndpointHealth {
  // In the order of what was seen last.
  const seen = new Map<string, Sightings>();
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

  return {
    failed: (endpoint) => {
      const nowMs = deps.clock.nowMs();
      const sightings = take(endpoint);
      if (sightings.failures === 0) {
        sightings.sinceMs = nowMs;
        sightings.nextReportAtMs = nowMs + reportEveryMs;
      }
      sightings.failures += 1;
      sightings.lastFailureAtMs = nowMs;
      if (nowMs < sightings.nextReportAtMs) return;
      sightings.nextReportAtMs = nowMs + reportEveryMs;
      reports.tell(endpoint, sightings);
    },
    succeeded: (endpoint) => {
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
  };
}
