import { createHmac } from "node:crypto";
import { createSystemRandom } from "@postrider/kit-lifecycle";
import type { EgressRequest } from "@postrider/kit-egress";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import type { Endpoint, HttpMethod, PayloadFormat } from "../endpoint.ts";
import { endpointOf, eventOf, keyOf, OLDER_SECRET, SECRET } from "../testing/builders.ts";
import { buildRequest } from "./build-request.ts";
import { createTraceparents } from "./traceparent.ts";

/** The checker compares with the machine's time. */
const NOW_MS = Date.now();
const context = {
  ...{ nowMs: NOW_MS, userAgent: "Postrider/1.2.3" },
  createTraceparent: createTraceparents(createSystemRandom()),
};

const event = eventOf({ timeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6) });
const binary = eventOf({
  contentType: "application/octet-stream",
  data: Buffer.from([0, 255, 10]),
  timeMs: event.timeMs,
});

function requestOf(changes: Partial<Endpoint> = {}, sent = event): EgressRequest {
  const built = buildRequest(sent, endpointOf(changes), context);
  if (built.kind === "refused") throw new Error(built.reason);
  return built.request;
}

function bodyOf(changes: Partial<Endpoint>, sent = event): string {
  return Buffer.from(requestOf(changes, sent).body ?? []).toString("utf8");
}

/** What egress sends of the URL. */
function queryOf({ url }: EgressRequest): string {
  return new URL(url).search.slice(1);
}

function verify(secret: string, payload: string, { headers }: EgressRequest): unknown {
  return new Webhook(secret).verify(payload, headers, { jsonParse: false });
}

describe("the body", () => {
  test.each<[PayloadFormat, string]>([
    ["standard", '{"type":"order.paid","timestamp":"2026-01-02T03:04:05.006Z","data":{ "total" : 1.50 }\n}'],
    [
      "platform",
      '{"event":"order.paid","event_id":"evt_1","timestamp":"2026-01-02T03:04:05.006Z",' +
        '"callback_url":"https://shop.example/hook?a=\\"1\\"","data":{ "total" : 1.50 }\n}',
    ],
    ["raw", '{ "total" : 1.50 }\n'],
  ])("of %s carries the data byte for byte", (format, body) => {
    const changes = {
      format,
      url: format === "platform" ? 'https://shop.example/hook?a="1"' : "https://shop.example/hook",
    };
    expect(bodyOf(changes)).toBe(body);
    expect(requestOf(changes).headers["content-type"]).toBe("application/json");
  });

  test.each<[PayloadFormat, string]>([
    ["standard", '{"type":"order.paid","timestamp":"2026-01-02T03:04:05.006Z","data_base64":"AP8K"}'],
    [
      "platform",
      '{"event":"order.paid","event_id":"evt_1","timestamp":"2026-01-02T03:04:05.006Z",' +
        '"callback_url":"https://shop.example/hook","data_base64":"AP8K"}',
    ],
  ])("of %s carries data that is not JSON in base64", (format, body) => {
    expect(bodyOf({ format }, binary)).toBe(body);
    expect(requestOf({ format }, binary).headers["content-type"]).toBe("application/json");
  });

  test("of raw is whatever the event's data is, with its content type", () => {
    const { body, headers } = requestOf({ format: "raw" }, binary);
    expect([...(body ?? [])]).toEqual([0, 255, 10]);
    expect(headers["content-type"]).toBe("application/octet-stream");
  });

  test("of data with a JSON suffix type is JSON too", () => {
    expect(bodyOf({}, eventOf({ contentType: "application/vnd.shop+json; v=1" }))).toContain(
      '"data":{ "total" : 1.50 }',
    );
  });

  test.each<HttpMethod>(["POST", "PUT", "PATCH"])("is sent with %s", (method) => {
    expect(requestOf({ method })).toMatchObject({ method, url: "https://shop.example/hook" });
    expect(requestOf({ method }).body?.byteLength).toBeGreaterThan(0);
  });
});

describe("the query string", () => {
  test.each<HttpMethod>(["GET", "DELETE"])("of %s carries the envelope, and there is no body", (method) => {
    const request = requestOf({ method });
    expect(request).not.toHaveProperty("body");
    expect(request.headers).not.toHaveProperty("content-type");
    expect(request.url).toBe(
      "https://shop.example/hook?type=order.paid&timestamp=2026-01-02T03%3A04%3A05.006Z&data=%7B+%22total%22+%3A+1.50+%7D%0A",
    );
  });

  test.each<[PayloadFormat, string[]]>([
    ["standard", ["type", "timestamp", "data"]],
    ["platform", ["event", "event_id", "timestamp", "callback_url", "data"]],
    ["raw", ["data"]],
  ])("of %s has its fields, and the data exactly", (format, names) => {
    const unicode = eventOf({ data: Buffer.from('{"a":"ä&=+% 😀"}') });
    const parameters = new URLSearchParams(queryOf(requestOf({ method: "GET", format }, unicode)));
    expect([...parameters.keys()]).toEqual(names);
    expect(parameters.get("data")).toBe('{"a":"ä&=+% 😀"}');
  });

  test("carries data that is not JSON in base64", () => {
    const parameters = new URLSearchParams(queryOf(requestOf({ method: "GET" }, binary)));
    expect([...parameters.keys()]).toEqual(["type", "timestamp", "data_base64"]);
    expect(parameters.get("data_base64")).toBe("AP8K");
  });

  test("comes after the one that the URL has already", () => {
    const { url } = requestOf({ method: "GET", format: "raw", url: "https://shop.example/hook?token=a%20b" });
    expect(url).toBe("https://shop.example/hook?token=a%20b&data=%7B+%22total%22+%3A+1.50+%7D%0A");
  });

  test("that servers would cut is refused", () => {
    const built = (bytes: number): string =>
      buildRequest(eventOf({ data: Buffer.alloc(bytes, "1") }), endpointOf({ method: "GET", format: "raw" }), context)
        .kind;
    const nameLength = "data=".length;
    expect(built(7000 - nameLength)).toBe("request");
    expect(built(7001 - nameLength)).toBe("refused");
    expect(buildRequest(eventOf({ data: Buffer.alloc(8000) }), endpointOf({ method: "DELETE" }), context)).toEqual({
      kind: "refused",
      reason: "query_too_long",
    });
  });
});

describe("the headers", () => {
  test("are those of Standard Webhooks, ours, and the subscription's own", () => {
    const { headers } = requestOf({ headers: { authorization: "Bearer x", "x-shop": "7" } });
    expect(headers).toEqual({
      authorization: "Bearer x",
      "x-shop": "7",
      "content-type": "application/json",
      "user-agent": "Postrider/1.2.3",
      "webhook-id": "evt_1",
      "webhook-timestamp": String(Math.floor(NOW_MS / 1000)),
      "webhook-signature": expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/) as string,
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/) as string,
    });
  });

  test("can't be taken over by the subscription's own", () => {
    const own = {
      "webhook-id": "x",
      "webhook-signature": "x",
      "webhook-timestamp": "x",
      "user-agent": "x",
      traceparent: "x",
    };
    expect(Object.values(requestOf({ headers: own }).headers)).not.toContain("x");
  });

  test("name a trace of its own for each attempt", () => {
    expect(requestOf().headers["traceparent"]).not.toBe(requestOf().headers["traceparent"]);
  });
});

describe("the signature", () => {
  test.each<PayloadFormat>(["standard", "platform", "raw"])("of %s holds over the bytes that are sent", (format) => {
    const request = requestOf({ format });
    expect(() => verify(SECRET, Buffer.from(request.body ?? []).toString("utf8"), request)).not.toThrow();
  });

  test("holds over bytes that are no text", () => {
    const { headers } = requestOf({ format: "raw" }, binary);
    const secret = Buffer.from(SECRET.slice("whsec_".length), "base64");
    const signed = Buffer.concat([Buffer.from(`evt_1.${headers["webhook-timestamp"] ?? ""}.`), binary.data]);
    const expected = createHmac("sha256", secret).update(signed).digest("base64");
    expect(headers["webhook-signature"]).toBe(`v1,${expected}`);
  });

  test.each([
    "https://shop.example/hook",
    "https://shop.example/hook?token=1",
    "https://shop.example?name=o'hara&city=Köln",
  ])("of a GET to %s holds over the query string that is sent", (url) => {
    const request = requestOf({ method: "GET", url });
    expect(() => verify(SECRET, queryOf(request), request)).not.toThrow();
  });

  test("does not hold over anything else, or with another key", () => {
    const request = requestOf();
    const body = Buffer.from(request.body ?? []).toString("utf8");
    expect(() => verify(SECRET, `${body} `, request)).toThrow("No matching signature");
    expect(() => verify(OLDER_SECRET, body, request)).toThrow("No matching signature");
  });

  test("holds with the new and the old key during a rotation, the newest first", () => {
    const request = requestOf({ keys: [keyOf(SECRET), keyOf(OLDER_SECRET, NOW_MS + 1)] });
    const body = Buffer.from(request.body ?? []).toString("utf8");
    expect(() => verify(SECRET, body, request)).not.toThrow();
    expect(() => verify(OLDER_SECRET, body, request)).not.toThrow();
    const [first] = (request.headers["webhook-signature"] ?? "").split(" ");
    expect(first).toBe(requestOf().headers["webhook-signature"]);
  });

  test("is not made with a key that has expired", () => {
    const request = requestOf({ keys: [keyOf(SECRET), keyOf(OLDER_SECRET, NOW_MS)] });
    expect(request.headers["webhook-signature"]).toBe(requestOf().headers["webhook-signature"]);
  });

  test.each<[string, Endpoint["keys"]]>([
    ["no key", []],
    ["only an expired key", [keyOf(SECRET, NOW_MS)]],
  ])("can't be made with %s: nothing is sent then", (_, keys) => {
    for (const method of ["POST", "GET"] as const) {
      expect(buildRequest(event, endpointOf({ method, keys }), context)).toEqual({
        kind: "refused",
        reason: "no_signing_key",
      });
    }
  });
});

test("as much of the answer is kept as its judgement needs", () => {
  expect(requestOf({ timeoutMs: 3000 })).toMatchObject({ timeoutMs: 3000, keepBodyBytes: 1024 });
  expect(requestOf({ acknowledgement: { kind: "json_status_success" } })).toMatchObject({ keepBodyBytes: 65_536 });
  expect(requestOf({ acknowledgement: { kind: "exact_body", body: "ok" } })).toMatchObject({ keepBodyBytes: 65_536 });
});
