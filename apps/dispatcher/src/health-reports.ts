import type { ReportEndpointHealthRequest } from "@postrider/contracts/postrider/v1/subscription";
import { type Clock, pause } from "@postrider/kit-lifecycle";
import type { Logger } from "@postrider/kit-telemetry";
import type { Endpoint } from "./endpoint.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** After a report that was not taken nothing is told of that subscription for this long. */
const PAUSE_MS = 1000;

export type ReportedEndpoint = Pick<Endpoint, "subscriptionId" | "url" | "isSuspected">;

/** What this process saw of an endpoint since its last success. */
export interface Sightings {
  readonly url: string;
  /** 0: none since the last success. */
  failures: number;
  sinceMs: number;
  lastFailureAtMs: number;
  nextReportAtMs: number;
  /** The service knows of the failures from here. */
  isReported: boolean;
  /** Of a success that the service must know of, and does not yet. */
  untoldSuccessAtMs: number | undefined;
}

/** No attempt was seen yet. */
export function createSightings(url: string): Sightings {
  return {
    ...{ url, failures: 0, sinceMs: 0, lastFailureAtMs: 0, nextReportAtMs: 0 },
    ...{ isReported: false, untoldSuccessAtMs: undefined },
  };
}

export interface HealthReportsDeps {
  readonly subscriptions: Pick<Subscriptions, "reportHealth">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

export interface HealthReports {
  /** Reports what was seen by now, unless a report of that subscription is out: an untold success before the failures. */
  readonly tell: (endpoint: ReportedEndpoint, sightings: Sightings) => void;
  /** A lookup whose suspicion was answered by a success already: it is stale, and goes with the cache's next answer. */
  readonly isAnswered: (endpoint: ReportedEndpoint) => boolean;
}

/** @param forget called with sightings that nobody needs any more */
export function createHealthReports(
  { subscriptions, clock, logger, signal }: HealthReportsDeps,
  forget: (subscriptionId: string, sightings: Sightings) => void,
): HealthReports {
  const busy = new Set<string>();
  const answered = new WeakSet<ReportedEndpoint>();

  async function report(endpoint: ReportedEndpoint, sightings: Sightings): Promise<void> {
    const { subscriptionId } = endpoint;
    const tellsSuccess = sightings.untoldSuccessAtMs !== undefined;
    try {
      const { countFrom } = await subscriptions.reportHealth(encodeReport(subscriptionId, sightings));
      if (tellsSuccess) answered.add(endpoint);
      if (takeAnswer(sightings, tellsSuccess, countFrom?.getTime())) forget(subscriptionId, sightings);
    } catch (error) {
      logger.debug({ err: error, subscriptionId }, "what attempts said of an endpoint could not be reported");
      await pause(clock, PAUSE_MS, signal);
    }
  }

  return {
    tell: (endpoint, sightings) => {
      const { subscriptionId } = endpoint;
      if (busy.has(subscriptionId) || signal.aborted) return;
      busy.add(subscriptionId);
      void report(endpoint, sightings).finally(() => busy.delete(subscriptionId));
    },
    isAnswered: (endpoint) => answered.has(endpoint),
  };
}

/** Whether nothing is left of the sightings that counts: somebody succeeded since, or the subscription was resumed. */
function takeAnswer(sightings: Sightings, toldSuccess: boolean, countsFromMs = -Infinity): boolean {
  if (toldSuccess) sightings.untoldSuccessAtMs = undefined;
  sightings.isReported = !toldSuccess;
  const isOver = sightings.failures === 0 || sightings.sinceMs <= countsFromMs;
  return isOver && sightings.untoldSuccessAtMs === undefined;
}

function encodeReport(subscriptionId: string, sightings: Sightings): ReportEndpointHealthRequest {
  const { url: callbackUrl, untoldSuccessAtMs, sinceMs, lastFailureAtMs, failures } = sightings;
  if (untoldSuccessAtMs !== undefined) {
    const value = { time: new Date(untoldSuccessAtMs) };
    return { subscriptionId, callbackUrl, health: { $case: "succeeded", value } };
  }
  const times = { since: new Date(sinceMs), lastFailure: new Date(lastFailureAtMs) };
  return { subscriptionId, callbackUrl, health: { $case: "failing", value: { ...times, failures: BigInt(failures) } } };
}
