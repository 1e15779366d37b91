import { readErrorDetails } from "@postrider/kit-rpc";
import { startReceiver, type Receiver } from "@postrider/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectPlatform, type PlatformClient } from "./testing/platform-client.ts";
import { createDataDir, type PlatformProcess, startPlatform } from "./testing/platform-process.ts";

const { dataDir, remove } = createDataDir();
let platform: PlatformProcess;
let client: PlatformClient;
let receiver: Receiver;

const SCHEMA = JSON.stringify({
  type: "object",
  required: ["order"],
  properties: { order: { type: "object", properties: { amount: { type: "integer" } } } },
});

beforeAll(async () => {
  platform = await startPlatform({ dataDir });
  client = connectPlatform(platform.grpcAddress);
  receiver = await startReceiver();
  await client.createEventType("order_paid", SCHEMA);
  await client.createEventType("anything");
  await client.createSubscription({ url: receiver.url });
});

afterAll(async () => {
  client.close();
  await receiver.close();
  await platform.stop("SIGTERM");
  remove();
});

/** How the call was refused: the code, and each violation as one text. */
async function refusal(call: Promise<unknown>): Promise<{ code: string; violations: string[] }> {
  const error: unknown = await call.then(
    () => new Error("it was accepted"),
    (reason: unknown) => reason,
  );
  const { code, message, violations } = readErrorDetails(error);
  const texts = violations.map(({ field, description }) => `${field}: ${description}`);
  return { code, violations: texts.length > 0 ? texts : [message] };
}

const good = { json: { order: { amount: 1 } } };
const bytes = (size: number): { data: { $case: "binaryData"; value: Buffer } } => ({
  data: { $case: "binaryData", value: Buffer.alloc(size, 0x20) },
});

describe("an event that is refused", () => {
  test.each([
    ["an unknown type", { ...good, type: "order_lost" }, "NOT_FOUND", /order_lost.*catalog/],
    [
      "data that breaks the schema",
      { json: { order: { amount: "1" } } },
      "INVALID_ARGUMENT",
      /^event\.data\/order\/amount: .*integer/,
    ],
    ["data without a required part", { json: {} }, "INVALID_ARGUMENT", /^event\.data: .*order/],
    [
      "data that is not JSON",
      { data: { $case: "jsonData", value: "{" } as const },
      "INVALID_ARGUMENT",
      /^event\.data: is not JSON/,
    ],
    ["no data", {}, "INVALID_ARGUMENT", /^event\.data/],
    [
      "data over 256 KiB",
      { type: "anything", contentType: "text/plain", ...bytes(262_145) },
      "INVALID_ARGUMENT",
      /^event\.data: .*262,?145.*262,?144/,
    ],
    ["an id with a dot", { ...good, id: "a.b" }, "INVALID_ARGUMENT", /^event\.id: .*a\.b/],
    ["an id that is too long", { ...good, id: "x".repeat(65) }, "INVALID_ARGUMENT", /^event\.id: .*64/],
    ["a bad tenant", { ...good, tenantId: "a b" }, "INVALID_ARGUMENT", /^event\.tenant_id/],
    ["no tenant", { ...good, tenantId: "" }, "INVALID_ARGUMENT", /^event\.tenant_id/],
    ["a bad content type", { ...good, contentType: "json" }, "INVALID_ARGUMENT", /^event\.content_type/],
  ])("has %s", async (...[, event, code, violation]) => {
    const refused = await refusal(client.publish(event));
    expect(refused.code).toBe(code);
    expect(refused.violations.join("\n")).toMatch(violation);
  });
});

describe("a subscription that is refused", () => {
  test.each([
    ["a URL that is none", { url: "nowhere" }, /^subscription\.callback_url/],
    ["another scheme", { url: "ftp://example.com/" }, /^subscription\.callback_url/],
    ["a user in the URL", { url: "https://user:pass@example.com/" }, /^subscription\.callback_url/],
    ["a private address", { url: "http://10.0.0.1/" }, /^subscription\.callback_url: .*10\.0\.0\.1/],
    [
      "a private address in disguise",
      { url: "http://0xa9fea9fe/" },
      /^subscription\.callback_url: .*169\.254\.169\.254/,
    ],
    ["a header name with a space", { more: { headers: { "x a": "1" } } }, /^subscription\.headers/],
    [
      "a header that is Postrider's",
      { more: { headers: { "webhook-id": "1" } } },
      /^subscription\.headers.*webhook-id/,
    ],
    [
      "a header value with a line break",
      { more: { headers: { "x-a": "1\r\nx-b: 2" } } },
      /^subscription\.headers.*x-a/,
    ],
    ["a negative delay", { retryDelaysMs: [-1000] }, /^subscription\.retry_policy\.delays\[0\]/],
    ["a timeout that is too long", { timeoutMs: 61_000 }, /^subscription\.limits\.timeout/],
    ["no event types", { eventTypes: [] }, /^subscription\.event_types/],
    ["a pattern in the middle", { eventTypes: ["order.*.paid"] }, /^subscription\.event_types\[0\]/],
    ["an unknown event type", { eventTypes: ["order_lost"] }, /^subscription\.event_types\[0\]: .*order_lost/],
  ])("has %s", async (_, settings, violation) => {
    const refused = await refusal(client.createSubscription({ url: receiver.url, tenantId: "refused", ...settings }));
    expect(refused.code).toBe("INVALID_ARGUMENT");
    expect(refused.violations.join("\n")).toMatch(violation);
  });
});

test("nothing of what was refused was stored: the next good event is the first that arrives", async () => {
  const { eventId } = await client.publish(good);
  const requests = await receiver.waitFor(1);
  expect(requests.map(({ headers }) => headers["webhook-id"])).toEqual([eventId]);
  const metrics = await (await fetch(`http://${platform.adminAddress}/metrics`)).text();
  expect(metrics).toContain("postrider_events_accepted_total 1\n");
});

test.each([
  ["POSTRIDER_GRPC_ADDRESS", "nowhere", "host:port"],
  ["POSTRIDER_EGRESS_ALLOW", "10.0.0.0/99", "10.0.0.0/99"],
  ["POSTRIDER_RETENTION", "1m", "3600000 ms"],
])("a wrong setting (%s=%s) stops the start with a line that names it", async (variable, value, wanted) => {
  const other = createDataDir();
  const start = startPlatform({ dataDir: other.dataDir, environment: { [variable]: value } });
  await expect(start).rejects.toThrow(variable === "POSTRIDER_EGRESS_ALLOW" ? wanted : variable);
  await expect(start).rejects.toThrow(wanted);
  other.remove();
});
