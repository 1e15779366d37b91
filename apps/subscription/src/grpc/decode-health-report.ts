import type { ReportEndpointHealthRequest } from "@postrider/contracts/postrider/v1/subscription";
import type { HealthReport } from "@postrider/domain-subscription";
import { RpcError } from "@postrider/kit-rpc";
import type { ReportedHealth } from "../subscriptions/report-health.ts";
import { MAX_URL_CHARS, requireField, requireTimeMs } from "./require-field.ts";

/** @throws {RpcError} `invalid_argument` by the field that is missing or can't be */
export function decodeHealthReport(request: ReportEndpointHealthRequest): ReportedHealth {
  const id = requireField("subscription_id", request.subscriptionId);
  const callbackUrl = requireField("callback_url", request.callbackUrl, MAX_URL_CHARS);
  return { id, callbackUrl, report: decodeReport(requireField("health", request.health)) };
}

function decodeReport(health: NonNullable<ReportEndpointHealthRequest["health"]>): HealthReport {
  if (health.$case === "succeeded") {
    return { kind: "succeeded", succeededAtMs: requireTimeMs("succeeded.time", health.value.time) };
  }
  const { since, lastFailure, failures } = health.value;
  const sinceMs = requireTimeMs("failing.since", since);
  const lastFailureAtMs = requireTimeMs("failing.last_failure", lastFailure);
  if (lastFailureAtMs < sinceMs) {
    throw RpcError.invalid([{ field: "failing.last_failure", description: "is before failing.since" }]);
  }
  if (failures < 1n) {
    throw RpcError.invalid([{ field: "failing.failures", description: `${failures} is below 1` }]);
  }
  return { kind: "failing", streak: { sinceMs, failures: Number(failures) }, lastFailureAtMs };
}
