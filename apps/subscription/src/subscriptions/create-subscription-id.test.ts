import { expect, test } from "vitest";
import { createSubscriptionId } from "./create-subscription-id.ts";

test("an id is sub_ and 26 characters, the time's first", () => {
  const id = createSubscriptionId(1_767_225_600_000, (count) => new Uint8Array(count).fill(255));
  expect(id).toBe("sub_01kdvdna00zzzzzzzzzzzzzzzz");
});

test("ids sort by time", () => {
  const ids = [1, 31, 32, 1_767_225_600_000, 2 ** 47].map((nowMs) =>
    createSubscriptionId(nowMs, (n) => new Uint8Array(n)),
  );
  expect([...ids].sort()).toEqual(ids);
});
