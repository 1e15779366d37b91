import { findStack } from "@postrider/testing";
import { describe, expect, test } from "vitest";
import { subscriptionMessage } from "./testing/build-messages.ts";
import { describeLookups } from "./testing/describe-lookups.ts";
import { createDatabase, openPostgresStorage, startOnPostgres } from "./testing/start-on-postgres.ts";
import { ask, readFailure, type RunningSubscription, startSubscription } from "./testing/start-subscription.ts";

async function create({ subscriptions }: RunningSubscription): Promise<string> {
  const { subscription } = await ask(subscriptions, "createSubscription", { subscription: subscriptionMessage() });
  return subscription?.id ?? "";
}

describe.skipIf(findStack() === undefined)("on PostgreSQL", () => {
  describeLookups(startOnPostgres);

  test("a change that one instance of the service makes is told by the Watch of another within a second", async () => {
    const { url } = await createDatabase();
    const one = await startSubscription(await openPostgresStorage(url));
    const other = await startSubscription(await openPostgresStorage(url));
    const id = await create(one);
    const ending = new AbortController();
    const changes = other.lookups.watch({ afterRevision: 0n }, ending.signal)[Symbol.asyncIterator]();
    await changes.next();
    for (const method of ["pauseSubscription", "resumeSubscription", "deleteSubscription"] as const) {
      const told = changes.next();
      const changedAtMs = performance.now();
      await ask(one.subscriptions, method, { id });
      expect(await told).toMatchObject({ value: { subscriptionId: id } });
      expect(performance.now() - changedAtMs).toBeLessThan(1000);
    }
    ending.abort();
  });

  test("two instances that change one subscription at once do not overwrite each other", async () => {
    const { url } = await createDatabase();
    const instances = [
      await startSubscription(await openPostgresStorage(url)),
      await startSubscription(await openPostgresStorage(url)),
    ] as const;
    const id = await create(instances[0]);
    const overlap = { seconds: 60n, nanos: 0 };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, async (_, index) => {
        const { subscriptions } = instances[index % 2 === 0 ? 0 : 1];
        return await ask(subscriptions, "rotateSecret", { id, overlap, signature: 0, secret: "" });
      }),
    );
    const accepted = outcomes.filter(({ status }) => status === "fulfilled").length;
    expect(accepted).toBeGreaterThan(0);
    const { entries } = await ask(instances[1].subscriptions, "listSubscriptionHistory", { id });
    expect(entries).toHaveLength(1 + accepted);
  });

  test("while the database is away callers are told UNAVAILABLE; afterwards all works, Watch too, without a restart", async () => {
    const { url, admit } = await createDatabase();
    const running = await startSubscription(await openPostgresStorage(url));
    const { subscriptions, lookups } = running;
    const id = await create(running);
    await admit(false);
    const failures = await Promise.all([
      readFailure(ask(subscriptions, "getSubscription", { id })),
      readFailure(ask(subscriptions, "resolve", { tenantId: "acme", eventType: "a" })),
      readFailure(ask(subscriptions, "pauseSubscription", { id })),
      readFailure(create(running)),
    ]);
    expect(failures.map(({ code }) => code)).toEqual(Array(4).fill("UNAVAILABLE"));
    await admit(true);
    const ending = new AbortController();
    const changes = lookups.watch({ afterRevision: 0n }, ending.signal)[Symbol.asyncIterator]();
    await changes.next();
    const told = changes.next();
    await ask(subscriptions, "pauseSubscription", { id });
    expect(await told).toMatchObject({ value: { subscriptionId: id } });
    ending.abort();
  });
});
