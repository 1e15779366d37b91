// The table of docs/delivery-policy.md, row by row, through real HTTP.
import { findPolicy, type PolicyRow } from "@postrider/domain-delivery";
import { createEgress, createEgressPolicy } from "@postrider/kit-egress";
import { systemClock } from "@postrider/kit-lifecycle";
import { decodeAttempts, encodeAttempts, type RecordedAttempt } from "@postrider/records";
import {
  type Answer,
  type HostileKind,
  type Receiver,
  startHostileReceiver,
  startReceiver,
  type TrackedSockets,
} from "@postrider/testing";
import { afterEach, describe, expect, test } from "vitest";
import type { Endpoint } from "./endpoint.ts";
import { makeAttempt } from "./make-attempt.ts";
import { deliveryOf, endpointOf, eventOf } from "./testing/builders.ts";

const DELAYS_MS = [5000, 60_000, 600_000];
const opened: Pick<TrackedSockets, "close">[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map(async (server) => server.close()));
});

async function receiving(answer: Answer | readonly Answer[]): Promise<Receiver> {
  const receiver = await startReceiver({ answer });
  opened.push(receiver);
  return receiver;
}

interface Outcome {
  readonly attempt: RecordedAttempt;
  readonly row: PolicyRow;
  /** From the end of the attempt to the retry, if there is one. */
  readonly waitMs: number;
}

async function attemptAt(
  url: string,
  changes: Partial<Endpoint> = {},
  allowedRanges = ["127.0.0.0/8"],
): Promise<Outcome> {
  const policy = createEgressPolicy({ allowedRanges, allowHttp: true, ports: "any" });
  const egress = createEgress({ policy, clock: systemClock });
  try {
    const endpoint = endpointOf({ url, timeoutMs: 1000, retryPolicy: { delaysMs: DELAYS_MS }, ...changes });
    const attempt = await makeAttempt(deliveryOf({ endpoint, event: eventOf({ acceptedAtMs: Date.now() }) }), {
      ...{ egress, clock: systemClock, random: () => 0, userAgent: "Postrider/1" },
      createTraceparent: () => "00-1-1-00",
    });
    const endedAtMs = attempt.startedAtMs + attempt.durationUs / 1000;
    const waitMs = attempt.verdict.kind === "retry" ? attempt.verdict.atMs - endedAtMs : NaN;
    return { attempt, row: findPolicy(attempt.result), waitMs };
  } finally {
    await egress.close(0);
  }
}

describe("an answer", () => {
  test.each([
    [200, "delivered", "ok"],
    [204, "delivered", "ok"],
    [301, "retry", "failed"],
    [302, "retry", "failed"],
    [400, "slow retry", "failed"],
    [401, "slow retry", "failed"],
    [404, "slow retry", "failed"],
    [408, "retry", "failed"],
    [410, "gone", "failed"],
    [425, "retry", "failed"],
    [429, "retry", "overloaded"],
    [500, "retry", "failed"],
    [502, "retry", "overloaded"],
    [503, "retry", "overloaded"],
    [504, "retry", "overloaded"],
    [599, "retry", "failed"],
    [777, "retry", "failed"],
  ])("of %i: %s, and the endpoint is %s", async (status, fate, endpoint) => {
    const { attempt, row, waitMs } = await attemptAt((await receiving({ status })).url);
    expect(attempt.result).toMatchObject({ kind: "responded", status });
    expect(row.endpoint).toBe(endpoint);
    if (fate === "delivered") expect(attempt.verdict).toEqual({ kind: "delivered" });
    else if (fate === "gone") expect([attempt.verdict, row.disables]).toEqual([{ kind: "dead", reason: "gone" }, true]);
    // A second of room for the machine; the delays lie much further apart.
    else expect(Math.abs(waitMs - (DELAYS_MS[fate === "retry" ? 0 : 1] ?? NaN))).toBeLessThan(1000);
  });

  test("that redirects to a private address is not followed", async () => {
    const inside = await receiving({});
    const outside = await receiving({ status: 307, headers: { location: inside.url } });
    const { attempt } = await attemptAt(outside.url);
    expect([attempt.result, inside.requests.length]).toMatchObject([{ status: 307 }, 0]);
  });

  test.each([
    ["another body", { kind: "exact_body", body: "success" }, "ok"],
    ["no JSON", { kind: "json_status_success" }, "<html>"],
  ] as const)("of 200 that does not acknowledge (%s) is tried again", async (_, acknowledgement, body) => {
    const { attempt, row } = await attemptAt((await receiving({ body })).url, { acknowledgement });
    expect([attempt.verdict.kind, row.endpoint, row.result]).toMatchObject(["retry", "failed", /not acknowledged/]);
  });
});

describe("a Retry-After", () => {
  const retryAfter = async (text: string, status = 429): Promise<Outcome> =>
    attemptAt((await receiving({ status, headers: { "retry-after": text } })).url);

  test("of 7 s holds back the endpoint and the retry for 7 s", async () => {
    const { attempt, row, waitMs } = await retryAfter("7");
    expect([attempt.result, row.holdsBack]).toMatchObject([{ retryAfterMs: 7000 }, true]);
    expect(Math.abs(waitMs - 7000)).toBeLessThan(1000);
  });

  test("may be a date", async () => {
    const { waitMs } = await retryAfter(new Date(Date.now() + 20_000).toUTCString(), 503);
    expect(Math.abs(waitMs - 20_000)).toBeLessThan(2000);
  });

  test.each(["soon", "-5", "7.5", "1e3", "Mon, 99 Foo 2026 25:61:61 GMT"])("of %j is ignored", async (text) => {
    const { attempt, waitMs } = await retryAfter(text);
    expect(attempt.result).not.toHaveProperty("retryAfterMs");
    expect(Math.abs(waitMs - 5000)).toBeLessThan(1000);
  });

  test("of a year counts for a day, and the attempt says so", async () => {
    const { attempt, waitMs } = await retryAfter(String(365 * 86_400));
    expect(attempt.result).toMatchObject({ isRetryAfterClamped: true });
    expect(Math.abs(waitMs - 86_400_000)).toBeLessThan(2000);
  });

  test("of an answer that is neither 429 nor 503 delays the retry, and holds back nobody else", async () => {
    const { row, waitMs } = await retryAfter("7", 500);
    expect(row.holdsBack).toBe(false);
    expect(Math.abs(waitMs - 7000)).toBeLessThan(1000);
  });
});

describe("a receiver", () => {
  test.each<[HostileKind, string, string]>([
    ["silent", "timeout", "unreachable"],
    ["drip-headers", "timeout", "unreachable"],
    ["drip-body", "timeout", "unreachable"],
    ["reset", "reset", "unreachable"],
    ["garbage", "protocol", "failed"],
    ["endless-informational", "protocol", "failed"],
    ["huge-headers", "protocol", "failed"],
  ])("that is %s is %s, tried again, and the endpoint is %s", async (kind, reason, endpoint) => {
    const hostile = await startHostileReceiver(kind);
    opened.push(hostile);
    const { attempt, row } = await attemptAt(hostile.url);
    expect([attempt.result, attempt.verdict.kind]).toMatchObject([{ kind: "unreachable", reason }, "retry"]);
    expect(row.endpoint).toBe(endpoint);
  });

  test.each<HostileKind>(["early-close", "wrong-length"])(
    "that is %s gave no whole answer: tried again",
    async (kind) => {
      const hostile = await startHostileReceiver(kind);
      opened.push(hostile);
      const { attempt } = await attemptAt(hostile.url);
      expect([attempt.result.kind, attempt.verdict.kind]).toEqual(["unreachable", "retry"]);
    },
  );

  test("that sends without end is cut, and its status counts", async () => {
    const hostile = await startHostileReceiver("endless-body");
    opened.push(hostile);
    expect((await attemptAt(hostile.url)).attempt.verdict).toEqual({ kind: "delivered" });
  });

  test("that is not there is tried again: no connection, no name, no TLS", async () => {
    const receiver = await receiving({});
    const closed = await startReceiver();
    await closed.close();
    for (const [url, reason] of [
      [closed.url, "connect"],
      ["http://nobody.invalid/", "dns"],
      [receiver.url.replace("http:", "https:"), "tls"],
    ] as const) {
      const { attempt, row } = await attemptAt(url);
      expect([attempt.result, attempt.verdict.kind]).toMatchObject([{ kind: "unreachable", reason }, "retry"]);
      expect(row.endpoint).toBe("unreachable");
    }
  });

  test("at an address that is forbidden is sent nothing, ever, and says nothing about the endpoint", async () => {
    const receiver = await receiving({});
    const { attempt, row } = await attemptAt(receiver.url, {}, []);
    expect([attempt.result.kind, attempt.verdict, row.endpoint]).toEqual([
      "refused",
      { kind: "dead", reason: "refused" },
      "unsent",
    ]);
    expect(receiver.connectionCount()).toBe(0);
  });

  test("whose name leads to a forbidden address tells its tenant that much, and operators where it leads", async () => {
    const policy = createEgressPolicy({ allowedRanges: [], allowHttp: false, ports: [443] });
    const egress = createEgress({
      ...{ policy, clock: systemClock },
      resolveHost: (_hostname, _options, callback) => {
        callback(null, [{ address: "10.11.12.13", family: 4 }]);
      },
    });
    opened.push({ close: async () => egress.close(0) });
    const attempt = await makeAttempt(deliveryOf({ endpoint: endpointOf({ url: "https://shop.example/" }) }), {
      ...{ egress, clock: systemClock, random: () => 0, userAgent: "Postrider/1" },
      createTraceparent: () => "00-1-1-00",
    });
    const recorded = encodeAttempts([attempt]).value;

    expect(decodeAttempts(recorded)).toMatchObject([
      { result: { kind: "refused", reason: "private_address" }, verdict: { kind: "dead", reason: "refused" } },
    ]);
    expect(Buffer.from(recorded).toString("latin1")).not.toContain("10.11.12.13");
    expect(attempt.remark).toContain("shop.example resolves to 10.11.12.13");
  });

  test("that is broken tells its tenant how", async () => {
    const hostile = await startHostileReceiver("endless-headers");
    opened.push(hostile);
    const { attempt } = await attemptAt(hostile.url);
    expect(decodeAttempts(encodeAttempts([attempt]).value)).toMatchObject([
      { result: { kind: "unreachable", reason: "protocol", detail: "headers_too_large" } },
    ]);
  });
});
