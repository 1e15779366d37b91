import { CloudEvent, HTTP } from "cloudevents";
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import type { Event } from "@postrider/domain-event";
import type { EgressRequest } from "@postrider/kit-egress";
import type { PayloadFormat } from "../endpoint.ts";
import { endpointOf, eventOf, SECRET } from "../testing/builders.ts";
import { buildRequest } from "./build-request.ts";
import { encodeHeaderValue } from "./cloudevents.ts";

/** The checker of signatures compares with the machine's time. */
const context = { nowMs: Date.now(), createTraceparent: () => "00-1-1-00", userAgent: "Postrider/1.2.3" };
const MODES = ["cloudevents_binary", "cloudevents_structured"] as const satisfies readonly PayloadFormat[];
const BYTES = Buffer.from([0, 255, 10]);

function requestOf(format: PayloadFormat, event: Event): EgressRequest {
  const built = buildRequest(event, endpointOf({ format, headers: { "x-shop": "7" } }), context);
  if (built.kind === "refused") throw new Error(built.reason);
  return built.request;
}

/** As CloudEvents' own SDK reads it. Text, because a receiver's framework hands JSON on as text or parsed. */
function readBySdk({ headers, body = new Uint8Array() }: EgressRequest): CloudEvent<unknown> {
  const read = HTTP.toEvent<unknown>({ headers, body: Buffer.from(body).toString("utf8") });
  if (read instanceof CloudEvent) return read;
  throw new Error("one event was sent, not a batch");
}

describe.each(MODES)("%s", (format) => {
  test("is read by CloudEvents' own SDK, with every attribute and the data", () => {
    const event = eventOf({ source: "/shops/7?a=b#c", timeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6) });
    const read = readBySdk(requestOf(format, event));
    expect(read.validate()).toBe(true);
    expect(read).toMatchObject({
      specversion: "1.0",
      id: "evt_1",
      source: "/shops/7?a=b#c",
      type: "order.paid",
      time: "2026-01-02T03:04:05.006Z",
      datacontenttype: "application/json",
      data: { total: 1.5 },
    });
  });

  test("is signed over the bytes that are sent", () => {
    const { headers, body } = requestOf(format, eventOf());
    const text = Buffer.from(body ?? []).toString("utf8");
    expect(() => new Webhook(SECRET).verify(text, headers, { jsonParse: false })).not.toThrow();
    expect(() => new Webhook(SECRET).verify(`${text} `, headers, { jsonParse: false })).toThrow("No matching");
  });

  test("has the subscription's own headers and those of Standard Webhooks beside its own", () => {
    expect(requestOf(format, eventOf()).headers).toMatchObject({ "x-shop": "7", "webhook-id": "evt_1" });
  });

  test.each(["GET", "DELETE"] as const)("is refused for %s, which has no body", (method) => {
    expect(buildRequest(eventOf(), endpointOf({ format, method }), context)).toEqual({
      kind: "refused",
      reason: "format_needs_body",
    });
  });
});

describe("the binary mode", () => {
  test("carries the data as it is, with its content type, and the attributes in headers", () => {
    const { headers, body } = requestOf("cloudevents_binary", eventOf({ contentType: "image/png", data: BYTES }));
    expect(Buffer.from(body ?? [])).toEqual(BYTES);
    expect(headers).toMatchObject({ "content-type": "image/png", "ce-specversion": "1.0", "ce-type": "order.paid" });
    expect(headers).not.toHaveProperty("ce-datacontenttype");
  });

  test("encodes a source that has percent signs already, so that one decoding gives it back", () => {
    const { headers } = requestOf("cloudevents_binary", eventOf({ source: "/caf%C3%A9" }));
    expect(headers["ce-source"]).toBe("/caf%25C3%25A9");
  });
});

describe("the structured mode", () => {
  test("carries JSON byte for byte", () => {
    const { headers, body } = requestOf("cloudevents_structured", eventOf({ contentType: "application/vnd.a+json" }));
    expect(headers["content-type"]).toBe("application/cloudevents+json; charset=utf-8");
    expect(Buffer.from(body ?? []).toString("utf8")).toBe(
      '{"specversion":"1.0","id":"evt_1","source":"postrider","type":"order.paid","time":"2025-12-31T23:59:58.500Z",' +
        '"datacontenttype":"application/vnd.a+json","data":{ "total" : 1.50 }\n}',
    );
  });

  test("carries data that is not JSON in base64, which the SDK decodes", () => {
    const read = readBySdk(requestOf("cloudevents_structured", eventOf({ contentType: "image/png", data: BYTES })));
    expect(read.data_base64).toBe(BYTES.toString("base64"));
    expect(Buffer.from(read.data as Uint8Array)).toEqual(BYTES);
  });
});

describe("a header value", () => {
  test("is encoded as the binding's own example is", () => {
    expect(encodeHeaderValue("Euro € 😀")).toBe("Euro%20%E2%82%AC%20%F0%9F%98%80");
  });

  test.each([
    ["!#$&~", "!#$&~"],
    ['"%\u007F\n\u0000', "%22%25%7F%0A%00"],
    ["\uD800", "%EF%BF%BD"],
  ])("%j becomes %s", (value, encoded) => {
    expect(encodeHeaderValue(value)).toBe(encoded);
  });

  test("is what was given after one decoding, and has nothing in it that may not stand in a header", () => {
    // Percent signs and digits often, so that some look encoded already.
    const units = fc.array(fc.constantFrom("%", "2", "A", " ", '"', "!", "~", "\u007F", "\u0000", "é", "€", "😀"));
    fc.assert(
      fc.property(units, (characters) => {
        const value = characters.join("");
        const encoded = encodeHeaderValue(value);
        expect(encoded).toMatch(/^(?:[\x21\x23\x24\x26-\x7E]|%[0-9A-F]{2})*$/);
        expect(decodeURIComponent(encoded)).toBe(value);
      }),
    );
  });
});
