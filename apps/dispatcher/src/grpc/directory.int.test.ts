import { systemClock } from "@postrider/kit-lifecycle";
import { startTcpProxy, type TcpProxy } from "@postrider/kit-rpc/testing";
import { createLogger } from "@postrider/kit-telemetry";
import { describe, expect, onTestFinished, test } from "vitest";
import { createDirectory } from "../directory.ts";
import { SubscriptionServer } from "../testing/subscription-server.ts";
import { connectSubscriptions } from "./subscriptions-client.ts";

/** What users are promised for a change while the service is there. */
const IN_FORCE_MS = 1000;
/** Silence is noticed in 3 s, and a connection that hangs in 3 s more; doubled for a busy machine. */
const NOTICED_MS = 15_000;

interface Bench {
  readonly server: SubscriptionServer;
  readonly state: ReturnType<typeof createDirectory>["state"];
  /** The tenant's URL; undefined if it has no subscription. */
  readonly url: (tenantId: string) => Promise<string | undefined>;
  /** The same, without waiting; throws if it is not known. */
  readonly knownUrl: (tenantId: string) => string | undefined;
  /** Looks at what is known whenever the directory may have heard of a change; resolves with the milliseconds it took. */
  readonly untilUrl: (tenantId: string, url: string | undefined) => Promise<number>;
  /** Resolves when the directory watches, or does not. */
  readonly untilWatching: (isWatching: boolean) => Promise<void>;
}

/** A directory that watches a real server; directly, or through a proxy. */
async function startBench(through?: (server: SubscriptionServer) => Promise<TcpProxy>): Promise<Bench> {
  const server = new SubscriptionServer();
  await server.start();
  onTestFinished(async () => server.stop());
  const subscriptions = connectSubscriptions({ address: (await through?.(server))?.address ?? server.address });
  onTestFinished(subscriptions.close);
  const logger = createLogger({ service: "test", level: "silent" });
  const directory = createDirectory({ subscriptions, clock: systemClock, logger });
  const stop = new AbortController();
  const ended = directory.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await ended;
  });
  const find = (tenantId: string): ReturnType<typeof directory.find> => directory.find(tenantId, "x", stop.signal);
  const untilWatching = async (isWatching: boolean): Promise<void> => {
    await untilTrue(() => directory.state().isWatching === isWatching);
  };
  await untilWatching(true);
  return {
    ...{ server, state: directory.state, untilWatching },
    url: async (tenantId) => (await find(tenantId))[0]?.url,
    knownUrl: (tenantId) => {
      const found = find(tenantId);
      if (found instanceof Promise) throw new Error(`${tenantId} is not known`);
      return found[0]?.url;
    },
    untilUrl: async (tenantId, url) => {
      const startedMs = performance.now();
      let now: string | undefined;
      await untilTrue(async () => {
        now = (await find(tenantId))[0]?.url;
        return now === url;
      });
      return performance.now() - startedMs;
    },
  };
}

/** The directory tells nobody when it has heard of something: it is looked at, as each event does. */
async function untilTrue(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + NOTICED_MS;
  while (!(await isTrue())) {
    if (performance.now() > deadlineMs) throw new Error(`not so within ${NOTICED_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("while the service is there", () => {
  test("a new, a changed and a deleted subscription is in force within a second", async () => {
    const { server, url, untilUrl } = await startBench();
    expect(await url("a")).toBeUndefined();
    server.change("a", "https://first.example/");
    expect(await untilUrl("a", "https://first.example/")).toBeLessThan(IN_FORCE_MS);
    server.change("a", "https://second.example/");
    expect(await untilUrl("a", "https://second.example/")).toBeLessThan(IN_FORCE_MS);
    server.change("a");
    expect(await untilUrl("a", undefined)).toBeLessThan(IN_FORCE_MS);
  });

  test("each tenant and type is asked for once", async () => {
    const { server, url, knownUrl, state } = await startBench();
    server.change("a", "https://a.example/");
    await untilTrue(() => state().revision === server.revision);
    await Promise.all([url("a"), url("a"), url("b")]);
    expect([knownUrl("a"), knownUrl("b")]).toEqual(["https://a.example/", undefined]);
    expect(server.asked.toSorted()).toEqual(["a/x", "b/x"]);
  });
});

describe("while the service is away", () => {
  test("known tenants are served as they were, unknown ones wait, and both are right once it is back on its port", async () => {
    const { server, url, knownUrl, untilWatching, untilUrl } = await startBench();
    server.change("known", "https://old.example/");
    await untilUrl("known", "https://old.example/");
    await server.stop();
    await untilWatching(false);
    server.change("known", "https://new.example/");
    server.change("unknown", "https://unknown.example/");

    expect(knownUrl("known")).toBe("https://old.example/");
    let answer: string | undefined;
    const waiting = url("unknown").then((found) => (answer = found));
    expect(knownUrl("known")).toBe("https://old.example/");
    expect(answer).toBeUndefined();

    await server.start();
    expect(await waiting).toBe("https://unknown.example/");
    // Back means: the missed change is told by the first message of the watch.
    await untilWatching(true);
    expect(await url("known")).toBe("https://new.example/");
  });

  test("a database that was restored meanwhile makes everything be asked for again", async () => {
    const { server, url, knownUrl, untilWatching, state } = await startBench();
    server.change("a", "https://after-the-backup.example/");
    await untilTrue(() => state().revision === 101n);
    await url("a");
    expect(knownUrl("a")).toBe("https://after-the-backup.example/");
    await server.stop();
    await untilWatching(false);
    server.restore(50n);
    server.urls.set("a", "https://backup.example/");
    await server.start();
    await untilWatching(true);
    expect(state().revision).toBe(50n);
    expect(await url("a")).toBe("https://backup.example/");
    server.change("a", "https://next.example/");
    await untilTrue(async () => (await url("a")) === "https://next.example/");
  });
});

test("a connection that falls silent is noticed, and what changed meanwhile is in force soon after", async () => {
  let proxy: TcpProxy | undefined;
  const { server, url, untilWatching, untilUrl } = await startBench(async (target) => {
    proxy = await startTcpProxy(() => target.address);
    onTestFinished(proxy.close);
    return proxy;
  });
  server.change("a", "https://old.example/");
  await untilUrl("a", "https://old.example/");
  proxy?.freeze();
  server.change("a", "https://new.example/");
  expect(await url("a")).toBe("https://old.example/");
  await untilWatching(false);
  proxy?.thaw();
  await untilWatching(true);
  expect(await url("a")).toBe("https://new.example/");
});
