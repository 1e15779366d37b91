import { describe, expect, test } from "vitest";
import { checkSettings } from "./check-settings.ts";
import { DEFAULT_LIMITS, type SubscriptionSettings } from "./settings.ts";

const valid: SubscriptionSettings = {
  callbackUrl: "https://example.com/hook?a=b",
  eventTypes: ["order.paid", "user.*", "*"],
  description: "d".repeat(1024),
  method: "PUT",
  payloadFormat: "platform",
  headers: { Authorization: "Bearer a b", "x-a": "~" },
  signature: "hmac_sha256",
  acknowledgement: { kind: "exact_body", body: "b".repeat(256) },
  retryPolicy: { kind: "custom", delaysMs: [0, 604_800_000], maxAgeMs: 2_592_000_000 },
  limits: { maxInFlight: 1000, ratePerSecond: 0.001, timeoutMs: 60_000 },
};

test("settings at their bounds are fine", () => {
  expect(checkSettings(valid)).toEqual([]);
  expect(checkSettings({ ...valid, retryPolicy: { kind: "custom", delaysMs: [] }, limits: DEFAULT_LIMITS })).toEqual(
    [],
  );
  expect(checkSettings({ ...valid, limits: { ...DEFAULT_LIMITS, ratePerSecond: 10_000 } })).toEqual([]);
});

test.each(["POST", "PUT", "PATCH"] as const)("%s carries CloudEvents in both modes", (method) => {
  for (const payloadFormat of ["cloudevents_binary", "cloudevents_structured"] as const) {
    expect(checkSettings({ ...valid, method, payloadFormat })).toEqual([]);
  }
});

describe("each setting beyond its bound is named by field, value and bound", () => {
  const long = `https://example.com/${"a".repeat(2029)}`;
  test.each<[Partial<SubscriptionSettings>, string, string]>([
    [{ callbackUrl: "" }, "subscription.callback_url", "required"],
    [{ callbackUrl: long }, "subscription.callback_url", "has 2049 characters; at most 2048"],
    [{ callbackUrl: "/hook" }, "subscription.callback_url", '"/hook" is not an absolute URL'],
    [{ callbackUrl: "ftp://example.com" }, "subscription.callback_url", 'the scheme "ftp"'],
    [{ callbackUrl: "https://a:b@example.com" }, "subscription.callback_url", "user or password"],
    [{ callbackUrl: "https://a@example.com" }, "subscription.callback_url", "user or password"],
    [{ callbackUrl: "https://example.com/#" }, "subscription.callback_url", "fragment"],
    [{ callbackUrl: "https://example.com/\ta" }, "subscription.callback_url", "white space or control"],
    [{ callbackUrl: " https://example.com/" }, "subscription.callback_url", "white space or control"],
    [{ eventTypes: [] }, "subscription.event_types", "has 0 entries; 1 to 100"],
    [{ eventTypes: Array<string>(101).fill("*") }, "subscription.event_types", "has 101 entries"],
    [{ eventTypes: ["a", "*.b"] }, "subscription.event_types[1]", '"*.b" is neither'],
    [{ eventTypes: ["a", "a"] }, "subscription.event_types[1]", '"a" is there twice'],
    [{ description: "d".repeat(1025) }, "subscription.description", "has 1025 characters; at most 1024"],
    [
      { payloadFormat: "cloudevents_binary", method: "GET" },
      "subscription.payload_format",
      "cloudevents_binary needs a body, and GET has none",
    ],
    [
      { payloadFormat: "cloudevents_structured", method: "DELETE" },
      "subscription.payload_format",
      "cloudevents_structured needs a body, and DELETE has none",
    ],
    [
      { acknowledgement: { kind: "exact_body", body: "" } },
      "subscription.acknowledgement.exact_body",
      "has 0 characters; 1 to 256",
    ],
    [
      { acknowledgement: { kind: "exact_body", body: "b".repeat(257) } },
      "subscription.acknowledgement.exact_body",
      "has 257 characters",
    ],
    [
      { retryPolicy: { kind: "custom", delaysMs: Array<number>(21).fill(1) } },
      "subscription.retry_policy.delays",
      "has 21 delays; at most 20",
    ],
    [
      { retryPolicy: { kind: "custom", delaysMs: [1, 1, -1] } },
      "subscription.retry_policy.delays[2]",
      "-0.001 s is not from 0 s to 604800 s",
    ],
    [
      { retryPolicy: { kind: "custom", delaysMs: [], maxAgeMs: 2_592_000_001 } },
      "subscription.retry_policy.max_age",
      "2592000.001 s is not from 0.001 s to 2592000 s",
    ],
    [{ limits: { ...DEFAULT_LIMITS, maxInFlight: 0 } }, "subscription.limits.max_in_flight", "0 is not from 1 to 1000"],
    [{ limits: { ...DEFAULT_LIMITS, maxInFlight: 1001 } }, "subscription.limits.max_in_flight", "1001 is not"],
    ...[-1, 0.000_999, 10_001, NaN].map(
      (ratePerSecond) =>
        [
          { limits: { ...DEFAULT_LIMITS, ratePerSecond } },
          "subscription.limits.rate_per_second",
          `${ratePerSecond} is not from 0.001 to 10000 a second`,
        ] as [Partial<SubscriptionSettings>, string, string],
    ),
    [
      { limits: { ...DEFAULT_LIMITS, timeoutMs: 999 } },
      "subscription.limits.timeout",
      "0.999 s is not from 1 s to 60 s",
    ],
    [{ limits: { ...DEFAULT_LIMITS, timeoutMs: NaN } }, "subscription.limits.timeout", "NaN s is not"],
  ])("%o", (broken, field, words) => {
    const violations = checkSettings({ ...valid, ...broken });
    expect(violations.map((violation) => violation.field)).toContain(field);
    expect(violations.map(({ description }) => description).join()).toContain(words);
  });
});

describe("headers", () => {
  const check = (headers: Record<string, string>): readonly { field: string; description: string }[] =>
    checkSettings({ ...valid, headers });

  test.each([
    ...["Host", "Connection", "keep-alive", "TE", "Trailers", "transfer-encoding", "Upgrade", "Expect", "Cookie"],
    ...["Content-Type", "content-length", "User-Agent", "Forwarded", "X-Forwarded-For", "Proxy-Authorization", "Via"],
    ...["webhook-id", "Webhook-Signature", "ce-type", "traceparent", "tracestate", "baggage", "accept-encoding"],
  ])("%s is reserved", (name) => {
    expect(check({ [name]: "a" })).toEqual([
      { field: `subscription.headers["${name}"]`, description: expect.stringContaining("reserved") as string },
    ]);
  });

  test.each(["", "a b", "a:b", "é", "a\n"])("%j is not a name", (name) => {
    expect(check({ [name]: "a" })).toMatchObject([
      { description: expect.stringContaining("not a header name") as string },
    ]);
  });

  test.each(["a\tb", " a", "a ", "é", "a\r\nb", "\u0000", "\u007f"])("%j is not a value, and is not shown", (value) => {
    const violations = check({ "x-a": value });
    expect(violations).toMatchObject([{ field: 'subscription.headers["x-a"]' }]);
    expect(violations[0]?.description).toContain("visible ASCII");
    expect(violations[0]?.description).not.toContain(value);
  });

  test("names and values have up to 1,024 characters", () => {
    expect(check({ ["n".repeat(1024)]: "v".repeat(1024) })).toEqual([]);
    expect(check({ ["n".repeat(1025)]: "v" })[0]?.description).toContain("1025 characters; at most 1024");
    expect(check({ n: "v".repeat(1025) })[0]?.description).toContain("1025 characters; 1 to 1024");
    expect(check({ n: "" })[0]?.description).toContain("0 characters; 1 to 1024");
  });

  test("there are at most 20, and none twice in another case", () => {
    const headers = Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`x-${index}`, "a"]));
    expect(check(headers)).toMatchObject([
      { field: "subscription.headers", description: expect.stringMatching(/21 headers; at most 20/) as string },
    ]);
    expect(check({ "X-A": "1", "x-a": "2" })).toMatchObject([{ field: 'subscription.headers["x-a"]' }]);
  });
});
