import { describe, expect, test } from "vitest";
import { createBody, createPayload, readPublishedUs } from "./payload.ts";
import { epochUs } from "./protocol.ts";

describe("the benchmark's payload", () => {
  test("is JSON of exactly 1 KiB", () => {
    expect(Buffer.byteLength(createPayload())).toBe(1024);
    expect(JSON.parse(createPayload())).toMatchObject({ order_id: "ord_4f9k2m7x", currency: "EUR" });
  });

  test("gives its publish time back out of the body", () => {
    const before = epochUs();
    const published = readPublishedUs(createBody());
    expect(published).toBeGreaterThanOrEqual(before);
    expect(published).toBeLessThanOrEqual(epochUs());
  });

  test("a body without a publish time has none", () => {
    expect(readPublishedUs(Buffer.from("{}"))).toBeUndefined();
    expect(readPublishedUs(Buffer.from('{"published_us":"yesterday, at noon"}'))).toBeUndefined();
  });
});
