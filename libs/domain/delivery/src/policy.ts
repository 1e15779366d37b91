import type { EndpointOutcome } from "@postrider/domain-flow";
import type { AttemptResult } from "./attempt-result.ts";

/** What follows from one kind of result, for the delivery, its endpoint and its subscription. */
export interface PolicyRow {
  /** The result, in the words of the documentation. */
  readonly result: string;
  /** For the delivery; a retry may still find it exhausted or expired. */
  readonly verdict: "delivered" | "retry" | "gone" | "refused";
  /** Retries are made at the pace of the schedule's second half: only a change on the receiver's side can help. */
  readonly isSlow: boolean;
  /** What it tells about the endpoint. */
  readonly endpoint: EndpointOutcome;
  /** Its Retry-After holds back all that goes to the endpoint. That of other answers delays this delivery's retry only. */
  readonly holdsBack: boolean;
  /** The subscription is disabled. */
  readonly disables: boolean;
}

type Row = Pick<PolicyRow, "result" | "endpoint"> & Partial<PolicyRow>;

const retry = (row: Row): PolicyRow => ({
  ...{ verdict: "retry", isSlow: false, holdsBack: false, disables: false },
  ...row,
});

/** The policy: every kind of result, and all that follows from it. docs/delivery-policy.md shows it. */
export const POLICY = {
  acknowledged: retry({ result: "2xx, acknowledged", verdict: "delivered", endpoint: "ok" }),
  unacknowledged: retry({ result: "2xx, not acknowledged as the subscription wants", endpoint: "failed" }),
  redirected: retry({ result: "3xx, never followed", endpoint: "failed" }),
  gone: retry({ result: "410", verdict: "gone", endpoint: "failed", disables: true }),
  passing: retry({ result: "408, 425", endpoint: "failed" }),
  throttled: retry({ result: "429", endpoint: "overloaded", holdsBack: true }),
  rejecting: retry({ result: "other 4xx", isSlow: true, endpoint: "failed" }),
  unavailable: retry({ result: "503", endpoint: "overloaded", holdsBack: true }),
  unserved: retry({ result: "502, 504", endpoint: "overloaded" }),
  failing: retry({ result: "other 5xx", endpoint: "failed" }),
  unknown: retry({ result: "any other status", endpoint: "failed" }),
  dns: retry({ result: "no address: `dns`", endpoint: "unreachable" }),
  connect: retry({ result: "no connection: `connect`", endpoint: "unreachable" }),
  tls: retry({ result: "no secure connection: `tls`", endpoint: "unreachable" }),
  timeout: retry({ result: "no whole answer in time: `timeout`", endpoint: "unreachable" }),
  reset: retry({ result: "the connection broke: `reset`", endpoint: "unreachable" }),
  protocol: retry({ result: "an answer that is not HTTP: `protocol`", endpoint: "failed" }),
  refused: retry({
    result: "nothing sent, since it is forbidden or impossible",
    verdict: "refused",
    endpoint: "unsent",
  }),
} as const satisfies Readonly<Record<string, PolicyRow>>;

const BY_STATUS: Readonly<Record<number, PolicyRow>> = {
  408: POLICY.passing,
  410: POLICY.gone,
  425: POLICY.passing,
  429: POLICY.throttled,
  502: POLICY.unserved,
  503: POLICY.unavailable,
  504: POLICY.unserved,
};

const BY_HUNDREDS: Readonly<Record<number, PolicyRow>> = {
  2: POLICY.unacknowledged,
  3: POLICY.redirected,
  4: POLICY.rejecting,
  5: POLICY.failing,
};

/** The row that holds for a result. */
export function findPolicy(result: AttemptResult): PolicyRow {
  switch (result.kind) {
    case "refused":
      return POLICY.refused;
    case "unreachable":
      return POLICY[result.reason];
    case "responded":
      if (result.isAcknowledged && isSuccess(result.status)) return POLICY.acknowledged;
      return BY_STATUS[result.status] ?? BY_HUNDREDS[Math.floor(result.status / 100)] ?? POLICY.unknown;
  }
}

/** True for 200 to 299. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
