import { expect, test } from "vitest";
import { deliveryIdOf } from "./index.ts";

test("an event and a subscription name one delivery, always by the same id", () => {
  // printf 'evt_1\nsub_1' | sha256sum | cut -c1-32
  expect(deliveryIdOf("evt_1", "sub_1")).toBe("dlv_ad4f425c0f755e38996d0108aff41ed8");
  expect(deliveryIdOf("evt_1", "sub_1")).toBe(deliveryIdOf("evt_1", "sub_1"));
});

test("no two pairs share an id, not even those whose texts join to the same one", () => {
  const pairs = [
    ["evt_1", "sub_1"],
    ["evt_1", "sub_2"],
    ["evt_2", "sub_1"],
    ["evt_1s", "ub_1"],
    ["sub_1", "evt_1"],
    ["evt_1sub_1", ""],
  ] as const;
  expect(new Set(pairs.map(([event, subscription]) => deliveryIdOf(event, subscription))).size).toBe(pairs.length);
});
