import { Consent_Method as Method, Subscription_State as State } from "@postrider/contracts/postrider/v1/subscription";
import { startReceiver } from "@postrider/testing";
import { expect, onTestFinished, test } from "vitest";
import { subscriptionMessage } from "../testing/build-messages.ts";
import { describeUrlVerification } from "../testing/describe-url-verification.ts";
import {
  ask,
  createFolder,
  openSqliteStorage,
  startOnSqlite,
  startSubscription,
} from "../testing/start-subscription.ts";

describeUrlVerification(startOnSqlite);

test("a platform that asks no more lets pending ones go when they are verified, and says that nobody was asked", async () => {
  const receiver = await startReceiver({ answer: { status: 404 } });
  onTestFinished(() => receiver.close());
  const storage = await openSqliteStorage(await createFolder());
  const strict = await startSubscription(
    { ...storage, close: async () => undefined },
    { verification: { kind: "challenge" } },
  );
  const request = { subscription: subscriptionMessage({ callbackUrl: receiver.url }) };
  const { subscription } = await ask(strict.subscriptions, "createSubscription", request);
  expect(subscription?.state).toBe(State.STATE_PENDING);

  const lenient = await startSubscription(storage);
  const id = subscription?.id ?? "";
  const { subscription: waived } = await ask(lenient.subscriptions, "verifySubscription", { id });
  expect(waived).toMatchObject({ state: State.STATE_ACTIVE, consent: { method: Method.METHOD_WAIVED } });
  expect(receiver.requests).toHaveLength(1);
});
