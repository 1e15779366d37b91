import { isUtf8 } from "node:buffer";
import { type Attempt, Attempt_Verdict as Verdict } from "@postrider/contracts/postrider/v1/delivery";
import { decodeDuration, formatDuration } from "../duration.ts";
import { enumName } from "./enum-name.ts";
import { formatTable } from "./table.ts";

/** Longer answers are cut in the table. */
const MAX_BODY_CHARACTERS = 60;

/** An attempt as `--json` prints it. */
export function toAttemptJson(attempt: Attempt): object {
  return {
    number: attempt.number,
    startTime: attempt.startTime?.toISOString(),
    duration: durationOf(attempt),
    url: attempt.url,
    result: toResultJson(attempt.result),
    verdict: verdictOf(attempt),
    retryTime: attempt.retryTime?.toISOString(),
    deadReason: attempt.deadReason || undefined,
  };
}

function toResultJson(result: Attempt["result"]): object | undefined {
  if (result === undefined) return undefined;
  if (result.$case !== "response") return { [result.$case]: result.value };
  const { status, acknowledged, bodyStart, retryAfter } = result.value;
  return {
    ...{ status, acknowledged },
    ...(bodyStart.byteLength > 0 ? toBodyJson(bodyStart) : {}),
    retryAfter: retryAfter && formatDuration(decodeDuration(retryAfter)),
  };
}

function toBodyJson(body: Buffer): object {
  return isUtf8(body) ? { bodyStart: body.toString() } : { bodyStartBase64: body.toString("base64") };
}

/** For people: a line each; empty when there was none. */
export function formatAttempts(attempts: readonly Attempt[]): string {
  if (attempts.length === 0) return "";
  const rows = attempts.map((attempt) => [
    String(attempt.number),
    attempt.startTime?.toISOString() ?? "",
    durationOf(attempt),
    describeResult(attempt.result),
    describeVerdict(attempt),
  ]);
  return `\n${formatTable(["#", "started", "took", "result", "then"], rows)}`;
}

function describeResult(result: Attempt["result"]): string {
  switch (result?.$case) {
    case "response": {
      const body = result.value.bodyStart.toString().replaceAll(/\s+/g, " ").trim();
      const shown = body.length > MAX_BODY_CHARACTERS ? `${body.slice(0, MAX_BODY_CHARACTERS - 1)}…` : body;
      return `${result.value.status} ${shown}`.trim();
    }
    case "unreachable":
      return `no answer: ${[result.value.reason, result.value.detail].filter((word) => word !== "").join(", ")}`;
    case "refused":
      return `not sent: ${result.value.reason}`;
    case undefined:
      return "";
  }
}

function describeVerdict(attempt: Attempt): string {
  const { retryTime, deadReason } = attempt;
  if (retryTime) return `${verdictOf(attempt)} at ${retryTime.toISOString()}`;
  return deadReason ? `${verdictOf(attempt)} (${deadReason})` : verdictOf(attempt);
}

function durationOf({ duration }: Attempt): string {
  return duration ? formatDuration(decodeDuration(duration)) : "";
}

function verdictOf({ verdict }: Attempt): string {
  return enumName(Verdict, verdict, "VERDICT_");
}
