import type {
  ResolveRequest,
  ResolveResponse,
  Subscription,
  SubscriptionChange,
  WatchRequest,
} from "@postrider/contracts/postrider/v1/subscription";
import type { Logger } from "@postrider/kit-telemetry";
import { createWatchers, deferredPromise, FakeClock } from "@postrider/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { createDirectory, LookupUnavailable } from "./directory.ts";
import type { Subscriptions } from "./subscriptions.ts";
import { failureOf, SECRET, settle, silentLogger } from "./testing/builders.ts";

/** One stream of changes: ends when its signal aborts, or fails when the test says so. */
class TestWatch {
  readonly request: WatchRequest;
  readonly #changes: SubscriptionChange[] = [];
  #end: Error | "ended" | undefined;
  readonly #watchers = createWatchers();

  constructor(request: WatchRequest, signal: AbortSignal) {
    this.request = request;
    signal.addEventListener("abort", () => {
      this.end("ended");
    });
  }

  push(revision: bigint, tenantId = ""): void {
    this.#changes.push({ revision, tenantId, subscriptionId: "" });
    this.#watchers.changed();
  }

  end(how: Error | "ended"): void {
    this.#end ??= how;
    this.#watchers.changed();
  }

  async *read(): AsyncGenerator<SubscriptionChange> {
    for (;;) {
      await this.#watchers.waitUntil(
        () => this.#changes.length > 0 || this.#end !== undefined,
        () => "no change came",
      );
      const change = this.#changes.shift();
      if (change) yield change;
      else if (this.#end instanceof Error) throw this.#end;
      else return;
    }
  }
}

/** A subscription service that counts questions, and answers when and what the test says. */
class TestSubscriptions implements Pick<Subscriptions, "resolve" | "watch"> {
  readonly asked: string[] = [];
  readonly watches: TestWatch[] = [];
  answer: (request: ResolveRequest) => Promise<ResolveResponse> = async () => wanting("https://old.example/");

  readonly resolve = async (request: ResolveRequest): Promise<ResolveResponse> => {
    this.asked.push(`${request.tenantId}/${request.eventType}`);
    return this.answer(request);
  };

  readonly watch = (request: WatchRequest, signal: AbortSignal): AsyncIterable<SubscriptionChange> => {
    const watch = new TestWatch(request, signal);
    this.watches.push(watch);
    return watch.read();
  };

  get watching(): TestWatch {
    const last = this.watches.at(-1);
    if (!last) throw new Error("nobody watches");
    return last;
  }
}

/** An answer with one subscription, or none. */
function wanting(callbackUrl?: string): ResolveResponse {
  const found: Subscription = {
    ...{ id: "sub_1", tenantId: "a", callbackUrl: callbackUrl ?? "", eventTypes: ["*"], description: "", state: 1 },
    ...{
      disabledReason: "",
      pendingReason: "",
      consent: undefined,
      method: 1,
      payloadFormat: 1,
      headers: {},
      signature: 1,
      acknowledgement: undefined,
    },
    ...{
      retryPolicy: undefined,
      limits: undefined,
      secret: "",
      createTime: undefined,
      updateTime: undefined,
      failureStreak: undefined,
      publicKeys: [],
    },
  };
  const signingKeys = { sub_1: { keys: [{ secret: SECRET, expireTime: undefined }] } };
  return callbackUrl === undefined
    ? { subscriptions: [], revision: 1n, signingKeys: {} }
    : { subscriptions: [found], revision: 1n, signingKeys };
}

interface Bench {
  readonly directory: ReturnType<typeof createDirectory>;
  readonly subscriptions: TestSubscriptions;
  readonly clock: FakeClock;
  readonly stop: AbortController;
  readonly urls: (tenantId?: string, eventType?: string) => Promise<string[]>;
}

function createBench(logger = silentLogger): Bench {
  const subscriptions = new TestSubscriptions();
  const clock = new FakeClock();
  const directory = createDirectory({ subscriptions, clock, logger });
  const stop = new AbortController();
  onTestFinished(() => {
    stop.abort();
  });
  const urls = async (tenantId = "a", eventType = "x"): Promise<string[]> =>
    (await directory.find(tenantId, eventType, stop.signal)).map(({ url }) => url);
  return { directory, subscriptions, clock, stop, urls };
}

/** A directory that watches, at revision 7. */
async function startWatching(): Promise<Bench & { readonly ended: Promise<void> }> {
  const bench = createBench();
  const ended = bench.directory.run(bench.stop.signal);
  bench.subscriptions.watching.push(7n);
  await settle();
  return { ...bench, ended };
}

describe("a directory that watches", () => {
  test("asks once for each tenant and type, and then knows at once", async () => {
    const { urls, directory, subscriptions, stop } = await startWatching();
    expect(await urls()).toEqual(["https://old.example/"]);
    expect(directory.find("a", "x", stop.signal)).not.toBeInstanceOf(Promise);
    await urls();
    await urls("a", "y");
    await urls("b", "x");
    expect(subscriptions.asked).toEqual(["a/x", "a/y", "b/x"]);
  });

  test("has one question out for all who ask the same meanwhile", async () => {
    const { urls, subscriptions } = await startWatching();
    const { promise, resolve } = deferredPromise<ResolveResponse>();
    subscriptions.answer = async () => promise;
    const asking = Promise.all([urls(), urls(), urls()]);
    resolve(wanting("https://shop.example/"));
    expect(await asking).toEqual([["https://shop.example/"], ["https://shop.example/"], ["https://shop.example/"]]);
    expect(subscriptions.asked).toHaveLength(1);
  });

  test("knows also that nobody wants it", async () => {
    const { urls, subscriptions } = await startWatching();
    subscriptions.answer = async () => wanting();
    expect([await urls(), await urls()]).toEqual([[], []]);
    expect(subscriptions.asked).toHaveLength(1);
  });

  test("forgets a tenant that changes, with all its types, and no other", async () => {
    const { urls, subscriptions } = await startWatching();
    for (const [tenant, type] of ["a/x", "a/y", "b/x"].map((key) => key.split("/"))) await urls(tenant, type);
    subscriptions.answer = async () => wanting("https://new.example/");
    subscriptions.watching.push(8n, "a");
    await settle();
    expect([await urls("a", "x"), await urls("a", "y"), await urls("b", "x")]).toEqual([
      ["https://new.example/"],
      ["https://new.example/"],
      ["https://old.example/"],
    ]);
  });

  test("tells nobody what a change has overtaken", async () => {
    const { urls, subscriptions } = await startWatching();
    const { promise, resolve } = deferredPromise<ResolveResponse>();
    subscriptions.answer = async () => promise;
    const overtaken = urls();
    subscriptions.watching.push(8n, "a");
    await settle();
    subscriptions.answer = async () => wanting("https://new.example/");
    resolve(wanting("https://old.example/"));
    expect([await overtaken, await urls()]).toEqual([["https://new.example/"], ["https://new.example/"]]);
    expect(subscriptions.asked).toHaveLength(2);
  });

  test("ends when it is stopped", async () => {
    const { stop, ended, clock } = await startWatching();
    stop.abort();
    await ended;
    expect(clock.pendingCount).toBe(0);
  });
});

describe("a directory that does not watch", () => {
  test("keeps no answer", async () => {
    const { urls, subscriptions } = createBench();
    await urls();
    await urls();
    expect(subscriptions.asked).toHaveLength(2);
  });

  test("does not keep an answer that was asked for before the first watch began", async () => {
    const { directory, subscriptions, stop, urls } = createBench();
    const { promise, resolve } = deferredPromise<ResolveResponse>();
    subscriptions.answer = async () => promise;
    const before = urls();
    void directory.run(stop.signal);
    subscriptions.watching.push(7n);
    await settle();
    resolve(wanting("https://old.example/"));
    await before;
    await urls();
    expect(subscriptions.asked).toHaveLength(2);
  });
});

describe("while the subscription service is away", () => {
  test("what is known is served, and what changed meanwhile is asked for once it is back", async () => {
    const { urls, subscriptions, clock } = await startWatching();
    await urls();
    subscriptions.answer = async () => Promise.reject(new Error("away"));
    subscriptions.watching.end(new Error("connection lost"));
    await settle();
    expect(await urls()).toEqual(["https://old.example/"]);

    subscriptions.answer = async () => wanting("https://new.example/");
    await clock.advanceAsync(100);
    expect(subscriptions.watches.map(({ request }) => request.afterRevision)).toEqual([0n, 7n]);
    subscriptions.watching.push(9n, "a");
    await settle();
    expect(await urls()).toEqual(["https://new.example/"]);
  });

  test("what is not known waits, and is answered once it is back", async () => {
    const { urls, subscriptions, clock } = await startWatching();
    subscriptions.answer = async () => Promise.reject(new Error("away"));
    subscriptions.watching.end(new Error("connection lost"));
    await settle();
    let answer: string[] | undefined;
    const asking = urls().then((found) => (answer = found));
    await clock.advanceAsync(8000);
    expect(answer).toBeUndefined();
    // At 0, 1, 3 and 7 s: thousands of questions would be a burden otherwise.
    expect(subscriptions.asked).toHaveLength(4);
    subscriptions.answer = async () => wanting("https://shop.example/");
    subscriptions.watching.push(7n);
    expect(await asking).toEqual(["https://shop.example/"]);
  });

  test("what is not known is given up after 10 s as not to be told now, with its reason, and asked for anew later", async () => {
    const { directory, urls, subscriptions, clock, stop } = await startWatching();
    const away = new Error("away");
    subscriptions.answer = async () => Promise.reject(away);
    const outcome = failureOf(Promise.resolve(directory.find("a", "x", stop.signal)));
    await clock.advanceAsync(9999);
    expect(directory.state().asking).toBe(1);
    await clock.advanceAsync(1);
    const failure = await outcome;
    expect(failure).toBeInstanceOf(LookupUnavailable);
    expect(failure).toMatchObject({
      name: "LookupUnavailable",
      cause: away,
      message: expect.stringContaining("x of a") as string,
    });
    subscriptions.answer = async () => wanting("https://shop.example/");
    expect(await urls()).toEqual(["https://shop.example/"]);
  });

  test("what waits is given up at once when the process ends", async () => {
    const { directory, subscriptions, stop } = await startWatching();
    subscriptions.answer = async () => Promise.reject(new Error("away"));
    const giveUp = new AbortController();
    const outcome = failureOf(Promise.resolve(directory.find("a", "x", giveUp.signal)));
    await settle();
    const reason = new Error("the process ends");
    giveUp.abort(reason);
    expect(await outcome).toBe(reason);
    // It is not kept: whoever asks next asks anew.
    subscriptions.answer = async () => wanting("https://shop.example/");
    expect(await directory.find("a", "x", stop.signal)).toMatchObject([{ url: "https://shop.example/" }]);
  });

  test("its failures are logged once a second, however many lookups fail", async () => {
    const lines: string[] = [];
    const logger = { ...silentLogger, warn: (_: object, message: string) => lines.push(message) } as unknown as Logger;
    const { directory, subscriptions, clock, stop } = createBench(logger);
    subscriptions.answer = async () => Promise.reject(new Error("away"));
    const outcomes = Array.from({ length: 1000 }, (_, index) =>
      failureOf(Promise.resolve(directory.find(`t${index}`, "x", stop.signal))),
    );
    await clock.advanceAsync(10_000);
    await Promise.all(outcomes);
    expect(lines.filter((line) => line.startsWith("a lookup of subscriptions failed"))).toHaveLength(5);
  });

  test("an answer that makes no endpoint is asked for again", async () => {
    const { urls, subscriptions, clock } = await startWatching();
    const signingKeys = { sub_1: { keys: [{ secret: "whsec_typo", expireTime: undefined }] } };
    subscriptions.answer = async () => ({ ...wanting("https://shop.example/"), signingKeys });
    const asking = urls();
    await settle();
    subscriptions.answer = async () => wanting("https://shop.example/");
    await clock.advanceAsync(100);
    expect(await asking).toEqual(["https://shop.example/"]);
  });
});
