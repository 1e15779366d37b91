import { AttemptBatch } from "@postrider/contracts/postrider/log/v1/delivery";
import { describe, expect, test } from "vitest";
import { decodeAttempts, encodeAttempts, type RecordedAttempt, TOPICS } from "./index.ts";

const delivered: RecordedAttempt = {
  eventId: "evt_1",
  subscriptionId: "sub_1",
  tenantId: "app-7",
  eventType: "order.paid",
  number: 1,
  url: "https://shop.example/hook?a=ü",
  startedAtMs: 1_767_323_045_678,
  durationUs: 12_345,
  eventTimeMs: 1_767_323_045_000,
  acceptedAtMs: 1_767_323_045_100,
  result: { kind: "responded", status: 204, isAcknowledged: true },
  bodyStart: Buffer.alloc(0),
  verdict: { kind: "delivered" },
};

/** What came back; where no body can be, its start is empty. */
function roundTrip(attempt: RecordedAttempt): RecordedAttempt {
  const [decoded] = decodeAttempts(encodeAttempts([attempt]).value);
  if (!decoded) throw new Error("the batch came back empty");
  return { ...decoded, bodyStart: Buffer.from(decoded.bodyStart) };
}

const unreachable = ["dns", "connect", "tls", "timeout", "reset", "protocol"] as const;
const dead = ["exhausted", "expired", "gone", "refused", "rejected"] as const;

describe("attempts in the log", () => {
  test("stand together in one record, in order", () => {
    const second = { ...delivered, number: 2, eventId: "evt_2", subscriptionId: "sub_2" };
    const { topic, value } = encodeAttempts([delivered, second]);
    expect(topic).toBe(TOPICS.attempts);
    expect(decodeAttempts(value)).toEqual([delivered, second]);
  });

  test.each<RecordedAttempt["result"]>([
    { kind: "responded", status: 200, isAcknowledged: false },
    { kind: "responded", status: 599, isAcknowledged: false },
    { kind: "responded", status: 503, isAcknowledged: false, retryAfterMs: 0 },
    {
      ...{ kind: "responded", status: 429, isAcknowledged: false },
      ...{ retryAfterMs: Number.MAX_SAFE_INTEGER, isRetryAfterClamped: true },
    },
    ...unreachable.map((reason) => ({ kind: "unreachable", reason }) as const),
    { kind: "unreachable", reason: "tls", detail: "certificate_expired" },
    { kind: "refused", reason: "private_address" },
  ])("come back with their result: %o", (result) => {
    expect(roundTrip({ ...delivered, result })).toEqual({ ...delivered, result });
  });

  test.each<RecordedAttempt["verdict"]>([
    { kind: "retry", atMs: 1_767_323_050_000 },
    ...dead.map((reason) => ({ kind: "dead", reason }) as const),
  ])("come back with their verdict: %o", (verdict) => {
    expect(roundTrip({ ...delivered, verdict })).toEqual({ ...delivered, verdict });
  });

  test("keep the start of a failed answer's body byte for byte", () => {
    const failed = { ...delivered, bodyStart: Buffer.from([0, 255, 13, 10, 128]) };
    expect(roundTrip(failed)).toEqual(failed);
  });

  test("take a duration with a fraction, and one too long for its field", () => {
    const attempts = [12.6, 2 ** 40].map((durationUs) => ({ ...delivered, durationUs }));
    expect(decodeAttempts(encodeAttempts(attempts).value).map(({ durationUs }) => durationUs)).toEqual([
      13,
      2 ** 32 - 1,
    ]);
  });

  test("are refused when a part without which they mean nothing is missing", () => {
    const [message] = AttemptBatch.decode(encodeAttempts([delivered]).value).attempts;
    if (!message) throw new Error("the batch is empty");
    const without = (part: "result" | "verdict"): Uint8Array =>
      AttemptBatch.encode({ attempts: [{ ...message, [part]: undefined }] }).finish();
    expect(() => decodeAttempts(without("result"))).toThrow("an attempt without a result");
    expect(() => decodeAttempts(without("verdict"))).toThrow("an attempt without a verdict");
    expect(() => decodeAttempts(Buffer.from([0xff, 0xff]))).toThrow();
  });
});
