import { createLogger } from "@postrider/kit-telemetry";
import { describe, expect, test } from "vitest";
import { prepareSecrets } from "../secrets/prepare-secrets.ts";
import { createTestSealer } from "./create-test-sealer.ts";
import { ask, type OpenedStorage, readFailure, startSubscription } from "./start-subscription.ts";

const FIRST = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SECOND = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const DELETED = "whsec_plJ3nmyCDGBKInavdOK15jsl61KvmOVZ";
export const PLAIN_SECRETS = [FIRST, SECOND, DELETED];

const settings = {
  ...{ callbackUrl: "https://example.com/hook", eventTypes: ["*"], description: "", method: "POST", headers: {} },
  ...{ payloadFormat: "standard", signature: "hmac_sha256", acknowledgement: { kind: "status" } },
  ...{ retryPolicy: { kind: "default" }, limits: { maxInFlight: 64, timeoutMs: 15_000 } },
};
const logger = createLogger({ service: "test", level: "error" });

/** What becomes of a database that a release without master keys wrote. */
export function describeAdoption(open: () => Promise<OpenedStorage>): void {
  describe("a database with secrets in plain", () => {
    test("keeps them all, encrypted, and has none of them in plain any more", async () => {
      const storage = await open();
      await writePlain(storage, Date.now() + 60_000);
      const { subscriptions } = await startSubscription(storage);
      const { signingKeys } = await ask(subscriptions, "resolve", { tenantId: "acme", eventType: "any" });
      expect(signingKeys["sub_old"]?.keys).toMatchObject([
        { secret: SECOND, expireTime: undefined },
        { secret: FIRST, expireTime: expect.any(Date) as Date },
      ]);
      const { entries } = await ask(subscriptions, "listSubscriptionHistory", { id: "sub_old" });
      expect(entries.map(({ type }) => type)).toEqual([
        "subscription_created",
        "subscription_paused",
        "secret_rotated",
      ]);
      const gone = await ask(subscriptions, "listSubscriptionHistory", { id: "sub_gone" });
      expect(gone.entries).toHaveLength(2);
      expect(await readFailure(ask(subscriptions, "getSubscription", { id: "sub_gone" }))).toMatchObject({
        code: "NOT_FOUND",
      });
      const rows = JSON.stringify([
        await storage.store.readAfter(0, 1000),
        await storage.database.selectFrom("subscriptions").selectAll().execute(),
        await storage.database.selectFrom("signing_secrets").selectAll().execute(),
      ]);
      for (const secret of PLAIN_SECRETS) expect(rows).not.toContain(secret.slice("whsec_".length));
      // The old one ends with its overlap.
      const expiring = storage.database.selectFrom("signing_secrets").where("expires_at_ms", "is not", null);
      expect(await expiring.select("subscription_id").execute()).toEqual([{ subscription_id: "sub_old" }]);
    });

    test.each([1, 2, 3, 4, 5, 6])(
      "goes on at the next start where it was killed, at its write %i",
      async (killedAt) => {
        const storage = await open();
        await writePlain(storage, Date.now() + 60_000);
        const killed = killAt(storage, killedAt);
        await expect(prepareSecrets({ ...killed, sealer: createTestSealer("test"), logger })).rejects.toThrow("killed");
        const { subscriptions } = await startSubscription(storage);
        const { signingKeys } = await ask(subscriptions, "resolve", { tenantId: "acme", eventType: "any" });
        expect(signingKeys["sub_old"]?.keys.map(({ secret }) => secret)).toEqual([SECOND, FIRST]);
        expect(JSON.stringify(await storage.store.readAfter(0, 1000))).not.toContain("whsec_");
      },
    );
  });
}

/** As releases before master keys wrote it: format 1, and the secrets in the projection too. */
export async function writePlain({ store, database }: OpenedStorage, oldExpiresAtMs: number): Promise<void> {
  const live = { id: "sub_old", tenantId: "acme" };
  const secrets = [{ secret: SECOND }, { secret: FIRST, expiresAtMs: oldExpiresAtMs }];
  const document = { kind: "paused", ...live, settings, secrets, createdAtMs: 1, updatedAtMs: 3 };
  await store.append({
    stream: "subscription/sub_old",
    expectedVersion: 0,
    events: [
      { type: "subscription_created", data: { format: 1, ...live, settings, secret: FIRST, atMs: 1 } },
      { type: "subscription_paused", data: { format: 1, ...live, atMs: 2 } },
      { type: "secret_rotated", data: { format: 1, ...live, secret: SECOND, oldExpiresAtMs, atMs: 3 } },
    ],
    appendedAtMs: 3,
    projections: [
      database
        .insertInto("subscriptions")
        .values({ id: live.id, tenant_id: live.tenantId, state: "paused", document: JSON.stringify(document) }),
    ],
  });
  const gone = { id: "sub_gone", tenantId: "acme" };
  await store.append({
    stream: "subscription/sub_gone",
    expectedVersion: 0,
    events: [
      { type: "subscription_created", data: { format: 1, ...gone, settings, secret: DELETED, atMs: 1 } },
      { type: "subscription_deleted", data: { format: 1, ...gone, atMs: 2 } },
    ],
    appendedAtMs: 3,
    projections: [],
  });
}

/** The storage of a process that is killed in place of its n-th write. */
function killAt({ store, database, close }: OpenedStorage, n: number): OpenedStorage {
  let writes = 0;
  const count = (): void => {
    writes += 1;
    if (writes >= n) throw new Error("killed");
  };
  const redact: OpenedStorage["store"]["redact"] = async (event) => {
    count();
    await store.redact(event);
  };
  const counted = database.withPlugin({
    transformQuery: ({ node }) => {
      if (node.kind !== "SelectQueryNode") count();
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  return { store: { ...store, redact }, database: counted, close };
}
