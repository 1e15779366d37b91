import { expect, test } from "vitest";
import { encodeCut, TOPICS } from "./index.ts";

test("what the log refuses is kept cut, with why, where it should have gone, and how large it was", () => {
  const value = Buffer.alloc(300_000, "x");
  const record = { topic: TOPICS.deadLetters, key: "sub_1", headers: { ce_id: "evt_1" }, value };
  expect(encodeCut(record, "300,000 bytes are too many")).toStrictEqual({
    topic: TOPICS.quarantine,
    headers: {
      ce_id: "evt_1",
      "postrider-reason": "300,000 bytes are too many",
      "postrider-topic": TOPICS.deadLetters,
      "postrider-cut-from-bytes": "300000",
    },
    value: value.subarray(0, 65_536),
  });
});

test("the reason for which it is in quarantine stays", () => {
  const headers = { "postrider-reason": "ce_id is missing", "postrider-offset": "7" };
  const { headers: kept } = encodeCut({ topic: TOPICS.quarantine, headers, value: new Uint8Array() }, "too large");
  expect(kept).toMatchObject({ "postrider-reason": "too large; ce_id is missing", "postrider-offset": "7" });
});

test("is small, whatever stood in its headers", () => {
  const long = "ü".repeat(100_000);
  const headers = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`${i}${long}`, long]));
  const cut = encodeCut({ topic: TOPICS.quarantine, headers, value: Buffer.alloc(2 ** 20) }, long);
  const headerBytes = Object.entries(cut.headers).reduce((sum, pair) => sum + Buffer.byteLength(pair.join("")), 0);
  expect(headerBytes + cut.value.byteLength).toBeLessThan(110_000);
});
