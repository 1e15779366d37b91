import { Subscription } from "@postrider/contracts/postrider/v1/subscription";
import { expect, test } from "vitest";
import { formatSubscription, toSubscriptionJson } from "./subscription-view.ts";

const since = new Date("2030-01-31T12:00:00Z");
const disableTime = new Date("2030-02-05T13:00:00Z");

function subscription(failureStreak: Subscription["failureStreak"]): Subscription {
  return { ...Subscription.decode(new Uint8Array()), failureStreak };
}

test("an endpoint that only fails is shown as such, with when it will be disabled once that is known", () => {
  const words = "nothing but failures since 2030-01-31T12:00:00.000Z: at least 212";
  expect(formatSubscription(subscription({ since, failures: 212n, disableTime: undefined }))).toContain(words);
  expect(formatSubscription(subscription({ since, failures: 212n, disableTime }))).toContain(
    `${words}; disabled from 2030-02-05T13:00:00.000Z on`,
  );
  expect(formatSubscription(subscription(undefined))).not.toContain("failures");
});

test("as JSON it has protobuf's form", () => {
  expect(toSubscriptionJson(subscription({ since, failures: 212n, disableTime }))).toMatchObject({
    failureStreak: { since: since.toISOString(), failures: "212", disableTime: disableTime.toISOString() },
  });
});
