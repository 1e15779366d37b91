import { expect, test } from "vitest";
import { makeRequest } from "./make-request.ts";
import { loadRegistry } from "./served-methods.ts";

const methods = loadRegistry().getService("postrider.v1.SubscriptionService")?.methods ?? [];
const surroundings = { subscriptionIds: ["sub_1"], eventTypes: ["order_paid"] };
const encode = (seed: number, index: number): string => {
  const { method, messages, ending } = makeRequest(index, { seed, methods, surroundings });
  return [method.name, ending, ...messages.map((message) => message.toString("base64"))].join(" ");
};

test("a seed and a number make the same request again, others make others", () => {
  const requests = Array.from({ length: 200 }, (_, index) => encode(7, index));
  expect(Array.from({ length: 200 }, (_, index) => encode(7, index))).toEqual(requests);
  expect(new Set(requests).size).toBeGreaterThan(150);
  expect(encode(8, 0)).not.toBe(encode(7, 0));
});

test("every method is asked", () => {
  const asked = new Set(Array.from({ length: 1000 }, (_, index) => encode(7, index).split(" ")[0]));
  expect(asked.size).toBe(methods.length);
});
