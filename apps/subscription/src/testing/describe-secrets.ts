import { SignatureKind as Signature, type Subscription } from "@postrider/contracts/postrider/v1/subscription";
import { createMasterKey, type Sealer } from "@postrider/kit-secrets";
import { createLogger } from "@postrider/kit-telemetry";
import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { prepareSecrets } from "../secrets/prepare-secrets.ts";
import { eraseExpiredSecrets } from "../store/signing-secrets.ts";
import { subscriptionMessage } from "./build-messages.ts";
import { createSealerOf, createTestSealer } from "./create-test-sealer.ts";
import {
  ask,
  type OpenedStorage,
  readFailure,
  type RunningSubscription,
  startSubscription,
} from "./start-subscription.ts";

const rotation = { overlap: undefined, signature: 0, secret: "" } as const;
const logger = createLogger({ service: "test", level: "error" });

/** What must hold of secrets at rest, whichever storage they rest in. */
export function describeSecrets(open: () => Promise<OpenedStorage>): void {
  /** Another instance on the same storage, which is closed with the first. */
  async function startBeside(storage: OpenedStorage, sealer: Sealer): Promise<RunningSubscription> {
    return await startSubscription({ ...storage, close: async () => undefined }, { sealer });
  }

  test("no secret stands in the database as it is", async () => {
    const storage = await open();
    const running = await startSubscription(storage);
    const { id, secret } = await create(running);
    const pair = await create(running, { signature: Signature.SIGNATURE_KIND_ED25519 });
    const rotated = await ask(running.subscriptions, "rotateSecret", { ...rotation, id });
    const secrets = [secret, rotated.subscription?.secret ?? "", ...(await secretsOf(running, pair.id))];
    const rows = JSON.stringify([
      await storage.store.readAfter(0, 1000),
      await storage.database.selectFrom("subscriptions").selectAll().execute(),
      await storage.database.selectFrom("signing_secrets").selectAll().execute(),
    ]);
    expect(rows).not.toMatch(/whsec_|whsk_/);
    for (const each of secrets) {
      const [, encoded = ""] = each.split("_");
      expect(encoded.length).toBeGreaterThan(40);
      expect(rows).not.toContain(encoded);
    }
  });

  describe("while the master key is changed", () => {
    test("instances with the old and the new one read what the other wrote, as long as both know both", async () => {
      const storage = await open();
      const before = await startSubscription(storage, { sealer: createTestSealer("old", "new") });
      const after = await startBeside(storage, createTestSealer("new", "old"));
      const first = await create(before);
      const second = await create(after);
      for (const each of [before, after]) {
        expect(await secretsOf(each, first.id)).toEqual([first.secret]);
        expect(await secretsOf(each, second.id)).toEqual([second.secret]);
      }
      expect(await usageAt(after)).toEqual({ new: 1, old: 1 });
    });

    test("an instance that does not know the new one tells so, and signs nothing", async () => {
      const storage = await open();
      const behind = await startSubscription(storage, { sealer: createTestSealer("old") });
      const ahead = await startBeside(storage, createTestSealer("new", "old"));
      const { id } = await create(ahead);
      const failure = await readFailure(ask(behind.subscriptions, "resolve", { tenantId: "acme", eventType: "any" }));
      expect(failure.code).toBe("UNAVAILABLE");
      expect(failure.message).toMatch(
        new RegExp(
          `^the secret of key_\\w+ of ${id} can't be used: it is sealed under master key new, and this process has old$`,
        ),
      );
      // What needs no secret goes on.
      expect((await ask(behind.subscriptions, "getSubscription", { id })).subscription?.id).toBe(id);
      expect((await ask(behind.subscriptions, "pauseSubscription", { id })).subscription?.state).toBe(2);
    });

    test("rewrapping moves every secret, in pages, and the old key may go", async () => {
      const storage = await open();
      const before = await startSubscription(storage, { sealer: createTestSealer("old") });
      const made = await Promise.all(Array.from({ length: 5 }, async () => await create(before)));
      const again = await ask(before.subscriptions, "rotateSecret", { ...rotation, id: made[0]?.id ?? "" });
      const after = await startBeside(storage, createTestSealer("new", "old"));
      expect(await usageAt(after)).toEqual({ new: 0, old: 6 });
      expect(await rewrapPages(after, 4)).toEqual([4, 2]);
      expect(await usageAt(after)).toEqual({ new: 6, old: 0 });
      expect(await rewrapPages(after, 4)).toEqual([0]);
      const alone = await startBeside(storage, createTestSealer("new"));
      expect(await secretsOf(alone, made[0]?.id ?? "")).toEqual([again.subscription?.secret, made[0]?.secret]);
      for (const { id, secret } of made.slice(1)) expect(await secretsOf(alone, id)).toEqual([secret]);
    });

    test("rewrapping goes on where it was interrupted, and beside rotations and another rewrapping", async () => {
      const storage = await open();
      const before = await startSubscription(storage, { sealer: createTestSealer("old") });
      const made = await Promise.all(Array.from({ length: 20 }, async () => await create(before)));
      const after = await startBeside(storage, createTestSealer("new", "old"));
      await ask(after.subscriptions, "rewrapSecrets", { pageSize: 3, pageToken: "" });
      const overlap = { seconds: 0n, nanos: 0 };
      const rotated = Promise.all(
        made.slice(0, 10).map(async ({ id }) => {
          const { subscription } = await ask(after.subscriptions, "rotateSecret", { ...rotation, id, overlap });
          return [id, subscription?.secret] as const;
        }),
      );
      const [, one, other] = await Promise.all([rotated, rewrapPages(after, 2), rewrapPages(after, 3)]);
      const moved = [...one, ...other].reduce((sum, count) => sum + count, 0);
      expect(moved).toBeGreaterThanOrEqual(10 - 3);
      expect(moved).toBeLessThanOrEqual(20 - 3);
      expect(await usageAt(after)).toEqual({ new: 20, old: 0 });
      const alone = await startBeside(storage, createTestSealer("new"));
      const fresh = new Map(await rotated);
      for (const { id, secret } of made) expect(await secretsOf(alone, id)).toEqual([fresh.get(id) ?? secret]);
    });

    test("rewrapping tells what it can't read, and moves the rest", async () => {
      const storage = await open();
      const before = await startSubscription(storage, { sealer: createTestSealer("old") });
      const [broken, whole] = [await create(before), await create(before)];
      await storage.database
        .updateTable("signing_secrets")
        .set({ sealed: "s1.old.AAAA.AAAA" })
        .where("subscription_id", "=", broken.id)
        .execute();
      const after = await startBeside(storage, createTestSealer("new", "old"));
      const answer = await ask(after.subscriptions, "rewrapSecrets", { pageSize: 0, pageToken: "" });
      expect(answer).toEqual({ rewrapped: 1, unreadableSubscriptionIds: [broken.id], nextPageToken: "" });
      expect(await usageAt(after)).toEqual({ new: 1, old: 1 });
      const { sealed } = await storage.database
        .selectFrom("signing_secrets")
        .select("sealed")
        .where("subscription_id", "=", whole.id)
        .executeTakeFirstOrThrow();
      expect(sealed).toMatch(/^s1\.new\./);
    });
  });

  describe("at the start", () => {
    test("a key that is in use and missing is named, and how much depends on it", async () => {
      const storage = await open();
      await create(await startSubscription(storage, { sealer: createTestSealer("old") }));
      await expect(prepareSecrets({ ...storage, sealer: createTestSealer("new"), logger })).rejects.toThrow(
        /^secrets are encrypted under master keys that are not set: 1 under old\. Set are: new\./,
      );
    });

    test("another key of the same id is refused, whether secrets are under it or not", async () => {
      const storage = await open();
      await startSubscription(storage, { sealer: createTestSealer("old", "next") });
      const impostor = createSealerOf(createMasterKey(randomBytes, "next"));
      const starting = prepareSecrets({ ...storage, sealer: impostor, logger });
      await expect(starting).rejects.toThrow(/^master key next is not the one that was used with this database/);
    });

    test("a key that nothing is under any more may be missing", async () => {
      const storage = await open();
      await startSubscription(storage, { sealer: createTestSealer("old") });
      await prepareSecrets({ ...storage, sealer: createTestSealer("new"), logger });
    });
  });

  describe("a secret", () => {
    test.each(["of another subscription", "of another of its keys"])("is not taken for one %s", async (which) => {
      const storage = await open();
      const running = await startSubscription(storage);
      const { id } = await create(running);
      if (which === "of another subscription") await create(running);
      else await ask(running.subscriptions, "rotateSecret", { ...rotation, id });
      const rows = await storage.database.selectFrom("signing_secrets").selectAll().execute();
      for (const [index, { key_id }] of rows.entries()) {
        const sealed = rows[1 - index]?.sealed ?? "";
        await storage.database.updateTable("signing_secrets").set({ sealed }).where("key_id", "=", key_id).execute();
      }
      const resolving = ask(running.subscriptions, "resolve", { tenantId: "acme", eventType: "any" });
      expect(await readFailure(resolving)).toMatchObject({ code: "UNAVAILABLE" });
    });

    test("that is missing is told, and nothing is signed without it", async () => {
      const storage = await open();
      const running = await startSubscription(storage);
      const { id } = await create(running);
      await storage.database.deleteFrom("signing_secrets").execute();
      const resolving = ask(running.subscriptions, "resolve", { tenantId: "acme", eventType: "any" });
      expect((await readFailure(resolving)).message).toContain(`of ${id} can't be used: it is not there`);
    });

    test("is erased with its subscription, and when a rotation leaves no overlap", async () => {
      const storage = await open();
      const running = await startSubscription(storage);
      const [kept, gone] = [await create(running), await create(running)];
      await ask(running.subscriptions, "deleteSubscription", { id: gone.id });
      const overlap = { seconds: 0n, nanos: 0 };
      await ask(running.subscriptions, "rotateSecret", { ...rotation, id: kept.id, overlap });
      const rows = await storage.database.selectFrom("signing_secrets").selectAll().execute();
      expect(rows).toMatchObject([{ subscription_id: kept.id, expires_at_ms: null }]);
    });

    test("is erased once its overlap has passed", async () => {
      const storage = await open();
      const running = await startSubscription(storage);
      const { id } = await create(running);
      const { subscription } = await ask(running.subscriptions, "rotateSecret", { ...rotation, id });
      const endsAtMs = (subscription?.updateTime?.getTime() ?? 0) + 86_400_000;
      expect(await eraseExpiredSecrets(storage.database, endsAtMs - 1)).toBe(0);
      expect(await eraseExpiredSecrets(storage.database, endsAtMs)).toBe(1);
      const rows = await storage.database.selectFrom("signing_secrets").selectAll().execute();
      expect(rows).toMatchObject([{ subscription_id: id, expires_at_ms: null }]);
    });
  });
}

/** Pages until there is none; answers what each moved. */
async function rewrapPages({ subscriptions }: RunningSubscription, pageSize: number): Promise<readonly number[]> {
  const moved: number[] = [];
  let pageToken = "";
  do {
    const page = await ask(subscriptions, "rewrapSecrets", { pageSize, pageToken });
    expect(page.unreadableSubscriptionIds).toEqual([]);
    moved.push(page.rewrapped);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return moved;
}

/** How many secrets are under which key. */
async function usageAt({ subscriptions }: RunningSubscription): Promise<Readonly<Record<string, number>>> {
  const { keys } = await ask(subscriptions, "getMasterKeyUsage", {});
  return Object.fromEntries(keys.map(({ id, secrets }) => [id, Number(secrets)]));
}

async function create(
  { subscriptions }: RunningSubscription,
  fields: Partial<Subscription> = {},
): Promise<Subscription> {
  const request = { subscription: subscriptionMessage(fields) };
  const { subscription } = await ask(subscriptions, "createSubscription", request);
  if (!subscription) throw new Error("an answer without a subscription");
  return subscription;
}

async function secretsOf({ subscriptions }: RunningSubscription, id: string): Promise<readonly string[]> {
  const { signingKeys } = await ask(subscriptions, "resolve", { tenantId: "acme", eventType: "any" });
  return (signingKeys[id]?.keys ?? []).map(({ secret }) => secret);
}
