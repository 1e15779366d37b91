import { RpcError } from "@postrider/kit-rpc";
import { createWatchers, FakeClock } from "@postrider/testing";
import { expect, onTestFinished, test } from "vitest";
import { createTokenCache, type StoredToken, type TokenCache } from "./token-cache.ts";

const HOUR_MS = 3_600_000;
const GRACE_MS = 600_000;

/** A store in memory whose connection the test breaks. */
class Store {
  readonly tokens = new Map<string, StoredToken>();
  readonly uses: string[] = [];
  readonly changes = createWatchers();
  asked = 0;
  isAway = false;
  readonly #log: string[] = [];
  #heeded = 0;

  readonly find = async (sha256: string): Promise<StoredToken | undefined> => {
    this.asked += 1;
    this.#assertThere();
    return this.tokens.get(sha256);
  };

  readonly watch = async function* (
    this: Store,
    afterRevision: bigint,
    signal: AbortSignal,
  ): AsyncGenerator<{ revision: bigint; sha256: string }> {
    this.#assertThere();
    let told = afterRevision === 0n ? this.#log.length : Number(afterRevision) - 1;
    yield { revision: BigInt(told + 1), sha256: "" };
    signal.addEventListener("abort", this.changes.changed);
    while (!signal.aborted) {
      await this.changes.waitUntil(
        () => signal.aborted || this.isAway || this.#log.length > told,
        () => "nothing changed",
        600_000,
      );
      this.#assertThere();
      for (; told < this.#log.length; told += 1) {
        yield { revision: BigInt(told + 2), sha256: this.#log[told] ?? "" };
        // Asked for the next one, who watches has taken this one to heart.
        this.#heeded = told + 1;
        this.changes.changed();
      }
    }
  }.bind(this);

  readonly recordUse = async (id: string): Promise<void> => {
    this.uses.push(id);
  };

  #assertThere(): void {
    if (this.isAway) throw new Error("away");
  }

  add(sha256: string): void {
    const caller = { name: sha256, scopes: new Set<string>(), boundTo: undefined };
    this.tokens.set(sha256, { id: `tok_${sha256}`, credential: { caller, expiresAtMs: Infinity } });
  }

  revoke(sha256: string): void {
    this.tokens.delete(sha256);
    this.#log.push(sha256);
    this.changes.changed();
  }

  /** Until who watches has heard of every change. */
  async untilHeeded(): Promise<void> {
    await this.changes.waitUntil(
      () => this.#heeded === this.#log.length,
      () => `${this.#heeded} of ${this.#log.length} changes were heard`,
    );
  }

  setAway(isAway: boolean): void {
    this.isAway = isAway;
    this.changes.changed();
  }
}

interface Setup {
  readonly store: Store;
  readonly clock: FakeClock;
  readonly cache: TokenCache;
  readonly untilWatching: (isWatching: boolean) => Promise<void>;
}

async function setUp(): Promise<Setup> {
  const store = new Store();
  const clock = new FakeClock();
  const logged = createWatchers();
  const logger = { info: logged.changed, warn: logged.changed };
  const cache = createTokenCache({ store, graceMs: GRACE_MS, clock, random: () => 0.5, logger });
  const stopping = new AbortController();
  const run = cache.run(stopping.signal);
  onTestFinished(async () => {
    stopping.abort();
    await run;
  });
  const untilWatching = async (isWatching: boolean): Promise<void> =>
    logged.waitUntil(
      () => cache.state().isWatching === isWatching,
      () => "the watch",
    );
  await untilWatching(true);
  return { store, clock, cache, untilWatching };
}

async function codeOf(find: () => unknown): Promise<string | undefined> {
  try {
    await find();
    return undefined;
  } catch (error) {
    return error instanceof RpcError ? error.code : String(error);
  }
}

test("a token is asked for once, and known at once from then on; one that is not there as well", async () => {
  const { store, cache } = await setUp();
  store.add("a");
  expect((await cache.find("a"))?.caller.name).toBe("a");
  expect(cache.find("a")).not.toBeInstanceOf(Promise);
  expect(await cache.find("b")).toBeUndefined();
  expect(cache.find("b")).toBeUndefined();
  expect(store.asked).toBe(2);
});

test("a token that is revoked is none as soon as that is told", async () => {
  const { store, cache } = await setUp();
  store.add("a");
  await cache.find("a");
  store.revoke("a");
  await store.untilHeeded();
  expect(await cache.find("a")).toBeUndefined();
});

test("while nobody tells of revocations, known tokens are good for the grace time, then nobody is known", async () => {
  const { store, clock, cache, untilWatching } = await setUp();
  store.add("a");
  await cache.find("a");
  store.setAway(true);
  await untilWatching(false);
  expect(await codeOf(async () => cache.find("b"))).toBe("unavailable");
  await clock.advanceAsync(GRACE_MS - 1);
  expect((await cache.find("a"))?.caller.name).toBe("a");
  await clock.advanceAsync(1);
  expect(await codeOf(async () => cache.find("a"))).toBe("unavailable");
  store.revoke("a");
  store.setAway(false);
  await clock.advanceAsync(2000);
  await untilWatching(true);
  await store.untilHeeded();
  expect(await cache.find("a")).toBeUndefined();
});

test("a use is told once an hour", async () => {
  const { store, clock, cache } = await setUp();
  store.add("a");
  for (let times = 0; times < 10; times += 1) await cache.find("a");
  expect(store.uses).toEqual(["tok_a"]);
  clock.advance(HOUR_MS);
  for (let times = 0; times < 10; times += 1) await cache.find("a");
  expect(store.uses).toEqual(["tok_a", "tok_a"]);
});

test("who sends thousands of tokens that do not exist does not make us ask for all of them at a time", async () => {
  const { store, cache } = await setUp();
  store.add("a");
  await cache.find("a");
  const asked = Promise.withResolvers<undefined>();
  const held = store.find;
  Object.assign(store, {
    find: async (sha256: string) => {
      await asked.promise;
      return held(sha256);
    },
  });
  const outcomes = Array.from({ length: 1000 }, async (_, index) => codeOf(async () => cache.find(`x${index}`)));
  expect(cache.state().asking).toBeLessThanOrEqual(1000);
  expect(cache.find("a")).toMatchObject({ caller: { name: "a" } });
  asked.resolve(undefined);
  const codes = await Promise.all(outcomes);
  expect(codes.filter((code) => code === undefined)).toHaveLength(256);
  expect(codes.filter((code) => code === "unavailable")).toHaveLength(744);
});
