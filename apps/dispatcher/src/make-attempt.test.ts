import type { EgressRequest, EgressResult } from "@postrider/kit-egress";
import { FakeClock } from "@postrider/testing";
import { describe, expect, test } from "vitest";
import type { Delivery } from "./delivery.ts";
import { makeAttempt } from "./make-attempt.ts";
import { deliveryOf, endpointOf, eventOf, START_MS } from "./testing/builders.ts";

const NO_BYTES = new Uint8Array();
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

function responded(status: number, body = "", retryAfter?: string): EgressResult {
  const answer = {
    kind: "responded",
    status,
    body: Buffer.from(body),
    isTruncated: false,
    durationUs: 20_500,
  } as const;
  return retryAfter === undefined ? answer : { ...answer, retryAfter };
}

/** An attempt that takes 20 ms of the fake time. */
async function attempt(result: EgressResult, changes: Partial<Delivery> = {}) {
  const clock = new FakeClock(START_MS);
  const sent: EgressRequest[] = [];
  const send = async (request: EgressRequest): Promise<EgressResult> => {
    sent.push(request);
    clock.advance(20);
    return result;
  };
  const deps = {
    ...{ egress: { send }, clock, random: () => 0.5, userAgent: "Postrider/1.2.3" },
    createTraceparent: () => TRACEPARENT,
  };
  return { sent, recorded: await makeAttempt(deliveryOf(changes), deps) };
}

describe("an attempt", () => {
  test("records what was sent where, what came back, and what follows", async () => {
    const { sent, recorded } = await attempt(responded(204));
    expect(recorded).toEqual({
      eventId: "evt_1",
      subscriptionId: "sub_1",
      tenantId: "app-7",
      eventType: "order.paid",
      number: 1,
      url: "https://shop.example/hook",
      startedAtMs: START_MS,
      durationUs: 20_500,
      eventTimeMs: START_MS - 1500,
      acceptedAtMs: START_MS - 1000,
      result: { kind: "responded", status: 204, isAcknowledged: true },
      bodyStart: NO_BYTES,
      verdict: { kind: "delivered" },
    });
    const headers = { "webhook-id": "evt_1", "user-agent": "Postrider/1.2.3", traceparent: TRACEPARENT };
    expect(sent).toMatchObject([{ url: "https://shop.example/hook", headers }]);
  });

  test("that failed is tried again by the schedule of its number, from the time at which it ended", async () => {
    const { recorded } = await attempt(responded(500, "oh no"), { attempt: 2 });
    expect(recorded).toMatchObject({ number: 2, verdict: { kind: "retry", atMs: START_MS + 20 + 33_000 } });
    expect(Buffer.from(recorded.bodyStart).toString()).toBe("oh no");
  });

  test("keeps at most 1 KiB of a failed answer, and nothing of a success", async () => {
    expect((await attempt(responded(500, "x".repeat(5000)))).recorded.bodyStart.byteLength).toBe(1024);
    expect((await attempt(responded(200, "thanks"))).recorded.bodyStart.byteLength).toBe(0);
  });

  test("after the last of the schedule is dead", async () => {
    expect((await attempt(responded(500), { attempt: 3 })).recorded.verdict).toEqual({
      kind: "dead",
      reason: "exhausted",
    });
  });

  test.each([
    ["120", 120_000],
    ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000 - 20],
    ["soon", 5500],
  ])("waits as the receiver asks: %s", async (retryAfter, delayMs) => {
    const { recorded } = await attempt(responded(503, "", retryAfter));
    expect(recorded.verdict).toEqual({ kind: "retry", atMs: START_MS + 20 + delayMs });
  });

  test.each<[string, Delivery["endpoint"]["acknowledgement"], string, boolean]>([
    ["any body", { kind: "status" }, "whatever", true],
    ["the status success", { kind: "json_status_success" }, '{"status":"success"}', true],
    ["another status", { kind: "json_status_success" }, '{"status":"error"}', false],
    ["the exact body", { kind: "exact_body", body: "success" }, "success\n", true],
    ["another body", { kind: "exact_body", body: "success" }, "fail", false],
  ])("counts by the rule of its endpoint: %s", async (...[, acknowledgement, body, isAcknowledged]) => {
    const { recorded } = await attempt(responded(200, body), { endpoint: endpointOf({ acknowledgement }) });
    expect(recorded.result).toEqual({ kind: "responded", status: 200, isAcknowledged });
    expect(recorded.verdict.kind).toBe(isAcknowledged ? "delivered" : "retry");
  });

  test("without an answer says why", async () => {
    const { recorded } = await attempt({ kind: "unreachable", reason: "tls", message: "for people", durationUs: 7 });
    expect(recorded).toMatchObject({
      result: { kind: "unreachable", reason: "tls" },
      durationUs: 7,
      bodyStart: NO_BYTES,
      verdict: { kind: "retry", atMs: START_MS + 20 + 5500 },
    });
  });

  test("to a forbidden address is dead", async () => {
    const { recorded } = await attempt({ kind: "refused", reason: "host_name", message: "for people" });
    expect(recorded).toMatchObject({
      result: { kind: "refused", reason: "host_name" },
      durationUs: 0,
      verdict: { kind: "dead", reason: "refused" },
    });
  });

  test.each<[string, Partial<Delivery>]>([
    ["no_signing_key", { endpoint: endpointOf({ keys: [] }) }],
    ["query_too_long", { endpoint: endpointOf({ method: "GET" }), event: eventOf({ data: Buffer.alloc(8000, "1") }) }],
  ])("that can't be made is dead, and nothing is sent: %s", async (reason, changes) => {
    const { sent, recorded } = await attempt(responded(200), changes);
    expect(sent).toEqual([]);
    expect(recorded).toMatchObject({
      result: { kind: "refused", reason },
      verdict: { kind: "dead", reason: "refused" },
    });
  });
});
