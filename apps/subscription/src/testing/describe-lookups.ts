import { once } from "node:events";
import type { ClientReadableStream } from "@grpc/grpc-js";
import {
  type Subscription,
  type SubscriptionChange,
  Subscription_State as State,
} from "@postrider/contracts/postrider/v1/subscription";
import { readErrorDetails } from "@postrider/kit-rpc";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventTypeMessage, subscriptionMessage } from "./build-messages.ts";
import { ask, readFailure, type RunningSubscription, type StartSubscription } from "./start-subscription.ts";

/** What lookups and Watch must do, whichever store stands behind them. */
export function describeLookups(startSubscription: StartSubscription): void {
  describe("Resolve", () => {
    test("gives the tenant's active and paused subscriptions that want the type, complete, secrets as keys only", async () => {
      const running = await startSubscription();
      const { subscriptions } = running;
      const exact = await create(running, { eventTypes: ["order.*"], headers: { "x-a": "1" } });
      const paused = await create(running, { eventTypes: ["*"] });
      await ask(subscriptions, "pauseSubscription", { id: paused });
      await create(running, { eventTypes: ["user.*"] });
      await create(running, { tenantId: "other" });
      const gone = await create(running);
      await ask(subscriptions, "deleteSubscription", { id: gone });
      const resolved = await ask(subscriptions, "resolve", { tenantId: "acme", eventType: "order.paid" });
      const found = new Map(resolved.subscriptions.map((each) => [each.id, each]));
      expect(new Set(found.keys())).toEqual(new Set([exact, paused]));
      expect(found.get(exact)).toMatchObject({ state: State.STATE_ACTIVE, headers: { "x-a": "1" }, secret: "" });
      expect(found.get(paused)).toMatchObject({ state: State.STATE_PAUSED, secret: "" });
      expect(Object.keys(resolved.signingKeys).sort()).toEqual([exact, paused].sort());
      expect(resolved.signingKeys[exact]?.keys).toMatchObject([
        { secret: expect.stringMatching(/^whsec_/) as string, expireTime: undefined },
      ]);
      expect(resolved.revision).toBe(BigInt(await running.store.revision()));
    });

    test("says the same in the process as over gRPC", async () => {
      const running = await startSubscription();
      await create(running);
      const request = { tenantId: "acme", eventType: "order.paid" };
      const { subscriptions, lookups } = running;
      expect(await lookups.resolve(request)).toEqual(await ask(subscriptions, "resolve", request));
    });

    test.each([
      [{ tenantId: "", eventType: "a" }, "tenant_id"],
      [{ tenantId: "a\0b", eventType: "a" }, "tenant_id"],
      [{ tenantId: "acme", eventType: "" }, "event_type"],
    ])("refuses %j by %s", async (request, field) => {
      const { subscriptions } = await startSubscription();
      const failure = await readFailure(ask(subscriptions, "resolve", request));
      expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field }] });
    });
  });

  describe("Watch", () => {
    test("from now on: the revision at once, then each change as it happens", async () => {
      const running = await startSubscription();
      const { subscriptions, store } = running;
      const id = await create(running);
      const { next } = watch(running, 0n);
      const revision = BigInt(await store.revision());
      expect(await next()).toEqual({ revision, tenantId: "", subscriptionId: "" });
      await ask(subscriptions, "pauseSubscription", { id });
      expect(await next()).toEqual({ revision: revision + 1n, tenantId: "acme", subscriptionId: id });
      await ask(subscriptions, "deleteSubscription", { id });
      expect(await next()).toEqual({ revision: revision + 2n, tenantId: "acme", subscriptionId: id });
    });

    test("after a revision: what was missed, in order, then live; the catalog's events are none of it", async () => {
      const running = await startSubscription();
      const { eventTypes, store } = running;
      await create(running);
      const known = BigInt(await store.revision());
      const first = await create(running);
      await ask(eventTypes, "createEventType", { eventType: eventTypeMessage() });
      const second = await create(running);
      const { next } = watch(running, known);
      expect((await next()).subscriptionId).toBe(first);
      expect((await next()).subscriptionId).toBe(second);
      const third = await create(running);
      expect((await next()).subscriptionId).toBe(third);
    });

    test("more changes than one read takes all arrive", async () => {
      const running = await startSubscription();
      const { store } = running;
      const data = { format: 1, id: "sub_x", tenantId: "acme", atMs: 1 };
      const events = Array.from({ length: 450 }, () => ({ type: "subscription_resumed", data }));
      await store.append({
        stream: "subscription/sub_x",
        expectedVersion: 0,
        events,
        appendedAtMs: 1,
        projections: [],
      });
      const [start] = await store.readAfter(0, 1);
      const { next } = watch(running, BigInt(start?.position ?? 0));
      for (let count = 0; count < 448; count++) await next();
      expect((await next()).revision).toBe(BigInt(await store.revision()));
    });

    test("after the revision that is current: the revision at once", async () => {
      const running = await startSubscription();
      await create(running);
      const revision = BigInt(await running.store.revision());
      expect(await watch(running, revision).next()).toEqual({ revision, tenantId: "", subscriptionId: "" });
    });

    test("after a revision that never was: the current one, which is lower", async () => {
      const running = await startSubscription();
      await create(running);
      const { next } = watch(running, 2n ** 62n);
      expect((await next()).revision).toBe(BigInt(await running.store.revision()));
      const id = await create(running);
      expect((await next()).subscriptionId).toBe(id);
    });

    test("a revision below 0 is refused by its field", async () => {
      const { subscriptions } = await startSubscription();
      const stream = subscriptions.watch({ afterRevision: -1n });
      stream.resume();
      const [error] = (await once(stream, "error")) as [unknown];
      expect(readErrorDetails(error)).toMatchObject({
        code: "INVALID_ARGUMENT",
        violations: [{ field: "after_revision" }],
      });
    });

    test("a cancelled stream listens to the store no more", async () => {
      const stopped = Promise.withResolvers<undefined>();
      const running = await startSubscription((store) => ({
        ...store,
        onAppended: (listener) => {
          const stop = store.onAppended(listener);
          return () => {
            stop();
            stopped.resolve(undefined);
          };
        },
      }));
      const { next, stream } = watch(running, 0n);
      await next();
      stream.cancel();
      await stopped.promise;
    });

    test("in the process it ends with its signal", async () => {
      const running = await startSubscription();
      const ending = new AbortController();
      const seen: SubscriptionChange[] = [];
      for await (const change of running.lookups.watch({ afterRevision: 0n }, ending.signal)) {
        seen.push(change);
        ending.abort();
      }
      expect(seen).toHaveLength(1);
    });

    test("a store that can't be used is UNAVAILABLE", async () => {
      const running = await startSubscription();
      await running.closeStore();
      const stream = running.subscriptions.watch({ afterRevision: 0n });
      stream.resume();
      const [error] = (await once(stream, "error")) as [unknown];
      expect(readErrorDetails(error).code).toBe("UNAVAILABLE");
    });
  });

  describe("in the process", () => {
    test("an event type is found by its name", async () => {
      const { lookups, eventTypes } = await startSubscription();
      expect(await lookups.getEventType("order.paid")).toBeUndefined();
      const request = { eventType: eventTypeMessage({ schema: "true" }) };
      const { eventType } = await ask(eventTypes, "createEventType", request);
      expect(await lookups.getEventType("order.paid")).toEqual(eventType);
    });
  });

  describe("WatchEventTypes", () => {
    test("from now on: the revision at once, then each name as it is made or changed; subscriptions are none of it", async () => {
      const running = await startSubscription();
      const { eventTypes, store } = running;
      await create(running);
      const revision = BigInt(await store.revision());
      const { next } = watchTypes(running, 0n);
      expect(await next()).toEqual({ revision, name: "" });
      await ask(eventTypes, "createEventType", { eventType: eventTypeMessage() });
      expect(await next()).toEqual({ revision: revision + 1n, name: "order.paid" });
      await create(running);
      await ask(eventTypes, "deprecateEventType", { name: "order.paid" });
      expect(await next()).toEqual({ revision: revision + 3n, name: "order.paid" });
    });

    test("after a revision: what was missed, then live; in the process as over gRPC", async () => {
      const running = await startSubscription();
      const { eventTypes, lookups, store } = running;
      await create(running);
      const known = BigInt(await store.revision());
      await ask(eventTypes, "createEventType", { eventType: eventTypeMessage() });
      expect((await watchTypes(running, known).next()).name).toBe("order.paid");
      const ending = new AbortController();
      for await (const { name } of lookups.watchEventTypes({ afterRevision: known }, ending.signal)) {
        expect(name).toBe("order.paid");
        ending.abort();
      }
    });

    test("after a revision that never was: the current one, which is lower", async () => {
      const running = await startSubscription();
      await create(running);
      const change = await watchTypes(running, 2n ** 62n).next();
      expect(change).toEqual({ revision: BigInt(await running.store.revision()), name: "" });
    });

    test("a revision below 0 is refused by its field", async () => {
      const { eventTypes } = await startSubscription();
      const stream = eventTypes.watchEventTypes({ afterRevision: -1n });
      stream.resume();
      const [error] = (await once(stream, "error")) as [unknown];
      expect(readErrorDetails(error)).toMatchObject({ violations: [{ field: "after_revision" }] });
    });
  });
}

async function create({ subscriptions }: RunningSubscription, fields: Partial<Subscription> = {}): Promise<string> {
  const request = { subscription: subscriptionMessage(fields) };
  return (await ask(subscriptions, "createSubscription", request)).subscription?.id ?? "";
}

/** Watches over gRPC; `next` waits for the next change. */
function watch({ subscriptions }: RunningSubscription, afterRevision: bigint) {
  return readChanges(subscriptions.watch({ afterRevision }));
}

function watchTypes({ eventTypes }: RunningSubscription, afterRevision: bigint) {
  return readChanges(eventTypes.watchEventTypes({ afterRevision }));
}

function readChanges<Change>(stream: ClientReadableStream<Change>) {
  // A cancelled stream ends in an error, which is what was asked for.
  stream.on("error", () => undefined);
  onTestFinished(() => {
    stream.cancel();
  });
  const changes = stream[Symbol.asyncIterator]() as AsyncIterator<Change, undefined>;
  return {
    stream,
    next: async (): Promise<Change> => {
      const result = await changes.next();
      if (result.done === true) throw new Error("the stream ended");
      return result.value;
    },
  };
}
