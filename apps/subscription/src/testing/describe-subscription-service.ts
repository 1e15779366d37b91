import {
  Acknowledgement_Rule as Rule,
  PayloadFormat as Format,
  SignatureKind as Signature,
  type SigningKey,
  type Subscription,
  Subscription_Method as Method,
  Subscription_State as State,
} from "@postrider/contracts/postrider/v1/subscription";
import { describe, expect, test } from "vitest";
import { eventTypeMessage, subscriptionMessage } from "./build-messages.ts";
import { ask, readFailure, type RunningSubscription, type StartSubscription } from "./start-subscription.ts";

/** Of Svix's server's tests. */
const PAIR = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
const PUBLIC_KEY = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
const GIVEN_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/** What RotateSecret is asked for, unless said otherwise: the defaults. */
const rotation = { overlap: undefined, signature: 0, secret: "" } as const;

/** What the service of subscriptions must do, whichever store stands behind it. */
export function describeSubscriptionService(startSubscription: StartSubscription): void {
  describe("CreateSubscription", () => {
    test("fills in the defaults and shows the secret once", async () => {
      const running = await startSubscription();
      const created = await create(running);
      expect(created).toEqual({
        ...subscriptionMessage(),
        id: expect.stringMatching(/^sub_[0-9a-z]{26}$/) as string,
        state: State.STATE_ACTIVE,
        method: Method.METHOD_POST,
        payloadFormat: Format.PAYLOAD_FORMAT_STANDARD,
        signature: Signature.SIGNATURE_KIND_HMAC_SHA256,
        acknowledgement: { rule: Rule.RULE_STATUS, exactBody: "" },
        limits: { maxInFlight: 64, ratePerSecond: 0, timeout: { seconds: 15n, nanos: 0 } },
        secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/) as string,
        createTime: expect.any(Date) as Date,
        updateTime: created.createTime,
      });
      expect(await get(running, created.id)).toEqual({ ...created, secret: "" });
    });

    test("keeps everything that was chosen", async () => {
      const running = await startSubscription();
      await addTypes(running, "order.paid");
      const chosen: Partial<Subscription> = {
        callbackUrl: "http://example.com:80/hook?a=b",
        eventTypes: ["order.paid", "user.*"],
        description: "für alles",
        method: Method.METHOD_DELETE,
        payloadFormat: Format.PAYLOAD_FORMAT_PLATFORM,
        headers: { Authorization: "Bearer x" },
        acknowledgement: { rule: Rule.RULE_EXACT_BODY, exactBody: "success" },
        retryPolicy: {
          delays: [
            { seconds: 0n, nanos: 500_000_000 },
            { seconds: 604_800n, nanos: 0 },
          ],
          maxAge: { seconds: 2_592_000n, nanos: 0 },
        },
        limits: { maxInFlight: 1, ratePerSecond: 0.5, timeout: { seconds: 1n, nanos: 0 } },
      };
      const { id } = await create(running, chosen);
      expect(await get(running, id)).toMatchObject(chosen);
    });

    const refused: readonly [Partial<Subscription>, readonly string[]][] = [
      [{ tenantId: "" }, ["subscription.tenant_id"]],
      [{ tenantId: "a\0b", eventTypes: ["a\0b"] }, ["subscription.tenant_id", "subscription.event_types[0]"]],
      [{ callbackUrl: "", eventTypes: [] }, ["subscription.callback_url", "subscription.event_types"]],
      [{ callbackUrl: "https://127.0.0.1/hook" }, ["subscription.callback_url"]],
      [{ callbackUrl: "https://2130706433/hook" }, ["subscription.callback_url"]],
      [{ callbackUrl: "https://example.com:22/" }, ["subscription.callback_url"]],
      [{ eventTypes: ["*", "unknown", "a b"] }, ["subscription.event_types[1]", "subscription.event_types[2]"]],
      [{ method: 99 as Method }, ["subscription.method"]],
      [{ payloadFormat: 99 as Format }, ["subscription.payload_format"]],
      [
        { payloadFormat: Format.PAYLOAD_FORMAT_CLOUDEVENTS_BINARY, method: Method.METHOD_GET },
        ["subscription.payload_format"],
      ],
      [{ signature: 9 as Signature }, ["subscription.signature"]],
      [{ secret: "whsec_wronglength" }, ["subscription.secret"]],
      [{ secret: PAIR }, ["subscription.secret"]],
      [{ secret: PUBLIC_KEY, signature: Signature.SIGNATURE_KIND_ED25519 }, ["subscription.secret"]],
      [{ headers: { Host: "a", "x-a": "b\tc" } }, ['subscription.headers["Host"]', 'subscription.headers["x-a"]']],
      [{ acknowledgement: { rule: 9 as Rule, exactBody: "" } }, ["subscription.acknowledgement.rule"]],
      [
        { acknowledgement: { rule: Rule.RULE_STATUS, exactBody: "a" }, tenantId: "a b" },
        ["subscription.acknowledgement.exact_body", "subscription.tenant_id"],
      ],
      [
        { retryPolicy: { delays: [{ seconds: -1n, nanos: 0 }], maxAge: { seconds: 0n, nanos: 0 } } },
        ["subscription.retry_policy.delays[0]", "subscription.retry_policy.max_age"],
      ],
      [
        { limits: { maxInFlight: -1, ratePerSecond: -1, timeout: { seconds: 61n, nanos: 0 } } },
        ["subscription.limits.max_in_flight", "subscription.limits.rate_per_second", "subscription.limits.timeout"],
      ],
    ];

    test("refuses what breaks a rule, by its fields", async () => {
      const running = await startSubscription();
      for (const [fields, expected] of refused) {
        const failure = await readFailure(create(running, fields));
        expect(failure.code).toBe("INVALID_ARGUMENT");
        expect(failure.violations.map(({ field }) => field).sort()).toEqual([...expected].sort());
      }
    });

    test("tells where to find the event types, and refuses a deprecated one", async () => {
      const running = await startSubscription();
      await addTypes(running, "old");
      await ask(running.eventTypes, "deprecateEventType", { name: "old" });
      const { violations } = await readFailure(create(running, { eventTypes: ["new", "old"] }));
      expect(violations).toEqual([
        {
          field: "subscription.event_types[0]",
          description: '"new" is not in the catalog; EventTypeService.ListEventTypes tells what is',
        },
        { field: "subscription.event_types[1]", description: '"old" is deprecated: it takes no new subscriptions' },
      ]);
    });

    test("needs a subscription", async () => {
      const { subscriptions } = await startSubscription();
      const failing = ask(subscriptions, "createSubscription", { subscription: undefined });
      expect(await readFailure(failing)).toMatchObject({
        code: "INVALID_ARGUMENT",
        violations: [{ field: "subscription" }],
      });
    });
  });

  describe("UpdateSubscription", () => {
    test("changes what the mask names, and nothing else", async () => {
      const running = await startSubscription();
      const { subscriptions } = running;
      const created = await create(running, {
        headers: { "x-a": "1" },
        retryPolicy: { delays: [], maxAge: undefined },
      });
      const message = {
        ...subscriptionMessage({ id: created.id, description: "new" }),
        method: 99 as Method,
        secret: "x",
      };
      const request = { subscription: message, updateMask: ["description", "retry_policy"] };
      const { subscription } = await ask(subscriptions, "updateSubscription", request);
      expect(subscription).toEqual({
        ...created,
        description: "new",
        retryPolicy: undefined,
        secret: "",
        updateTime: expect.any(Date) as Date,
      });
      expect(await get(running, created.id)).toEqual(subscription);
    });

    test("leaves alone what was let in before and is not let in now", async () => {
      const running = await startSubscription();
      const { subscriptions, eventTypes } = running;
      await addTypes(running, "old");
      const { id } = await create(running, { eventTypes: ["old"] });
      await ask(eventTypes, "deprecateEventType", { name: "old" });
      const updated = subscriptionMessage({ id, eventTypes: ["old", "order.*"] });
      const request = { subscription: updated, updateMask: ["event_types"] };
      const { subscription } = await ask(subscriptions, "updateSubscription", request);
      expect(subscription?.eventTypes).toEqual(["old", "order.*"]);
    });

    const refused: readonly [Partial<Subscription>, string[] | undefined, string][] = [
      [{}, undefined, "update_mask"],
      [{}, [], "update_mask"],
      [{}, ["description", "tenant_id"], "update_mask"],
      [{}, ["callbackUrl"], "update_mask"],
      [{}, ["__proto__"], "update_mask"],
      [{ id: "" }, ["description"], "subscription.id"],
      [{ method: 99 as Method }, ["method"], "subscription.method"],
      [{ callbackUrl: "https://10.0.0.1/" }, ["callback_url"], "subscription.callback_url"],
      [{ eventTypes: ["*", "unknown"] }, ["event_types"], "subscription.event_types[1]"],
      [{ eventTypes: [] }, ["event_types"], "subscription.event_types"],
    ];

    test("refuses what breaks a rule, by its field", async () => {
      const running = await startSubscription();
      const { subscriptions } = running;
      const { id } = await create(running);
      for (const [fields, updateMask, field] of refused) {
        const request = { subscription: subscriptionMessage({ id, ...fields }), updateMask };
        const failure = await readFailure(ask(subscriptions, "updateSubscription", request));
        expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field }] });
      }
    });

    test("lists what can be updated when the mask names something else", async () => {
      const { subscriptions } = await startSubscription();
      const request = { subscription: subscriptionMessage({ id: "sub_x" }), updateMask: ["state"] };
      const { violations } = await readFailure(ask(subscriptions, "updateSubscription", request));
      expect(violations[0]?.description).toMatch(/"state" is not .*callback_url, event_types, .*limits/);
    });

    test("concurrent updates all take place, or tell that they lost", async () => {
      const running = await startSubscription();
      const { subscriptions } = running;
      const { id } = await create(running);
      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, async (_, index) => {
          const message = subscriptionMessage({ id, description: `update ${index}` });
          const request = { subscription: message, updateMask: ["description"] };
          return await ask(subscriptions, "updateSubscription", request);
        }),
      );
      const failures = await Promise.all(
        outcomes.filter(({ status }) => status === "rejected").map(async (lost) => await readFailure(rejected(lost))),
      );
      expect(failures.every(({ code }) => code === "ABORTED")).toBe(true);
      const { entries } = await ask(subscriptions, "listSubscriptionHistory", { id });
      expect(entries).toHaveLength(1 + outcomes.length - failures.length);
    });
  });

  describe("pausing, resuming, deleting", () => {
    test("a subscription pauses and resumes, once and again", async () => {
      const running = await startSubscription();
      const { subscriptions } = running;
      const { id } = await create(running);
      for (const [method, state] of [
        ["pauseSubscription", State.STATE_PAUSED],
        ["pauseSubscription", State.STATE_PAUSED],
        ["resumeSubscription", State.STATE_ACTIVE],
        ["resumeSubscription", State.STATE_ACTIVE],
      ] as const) {
        expect((await ask(subscriptions, method, { id })).subscription?.state).toBe(state);
        expect((await get(running, id))?.state).toBe(state);
      }
      const { entries } = await ask(subscriptions, "listSubscriptionHistory", { id });
      expect(entries.map(({ type }) => type)).toEqual([
        "subscription_created",
        "subscription_paused",
        "subscription_resumed",
      ]);
    });

    test("a disabled one tells why, can't be paused, and resumes", async () => {
      const running = await startSubscription();
      const { subscriptions } = running;
      const { id, callbackUrl } = await create(running);
      const late = await ask(subscriptions, "disableSubscription", {
        id,
        reason: "gone",
        callbackUrl: "http://old.example",
      });
      expect(late.subscription).toMatchObject({ state: State.STATE_ACTIVE });
      const disabled = await ask(subscriptions, "disableSubscription", { id, reason: "gone", callbackUrl });
      expect(disabled.subscription).toMatchObject({ state: State.STATE_DISABLED, disabledReason: "gone" });
      const failure = await readFailure(ask(subscriptions, "pauseSubscription", { id }));
      expect(failure).toMatchObject({ code: "FAILED_PRECONDITION", message: `${id} is disabled (gone): resume it` });
      const { subscription } = await ask(subscriptions, "resumeSubscription", { id });
      expect(subscription).toMatchObject({ state: State.STATE_ACTIVE, disabledReason: "" });
    });

    test("a deleted one is found no more; its history is", async () => {
      const running = await startSubscription();
      const { subscriptions } = running;
      const { id } = await create(running);
      await ask(subscriptions, "deleteSubscription", { id });
      const list = { tenantId: "acme", pageSize: 0, pageToken: "" };
      expect((await ask(subscriptions, "listSubscriptions", list)).subscriptions).toEqual([]);
      const { entries } = await ask(subscriptions, "listSubscriptionHistory", { id });
      expect(entries.map(({ type }) => type)).toEqual(["subscription_created", "subscription_deleted"]);
      expect((await readFailure(get(running, id))).code).toBe("NOT_FOUND");
    });
  });

  describe("a subscription that is not there", () => {
    const update = { subscription: subscriptionMessage({ id: "sub_x" }), updateMask: ["description"] };

    test("is NOT_FOUND for every method that names one", async () => {
      const { subscriptions } = await startSubscription();
      for (const failing of [
        ask(subscriptions, "getSubscription", { id: "sub_x" }),
        ask(subscriptions, "updateSubscription", update),
        ask(subscriptions, "deleteSubscription", { id: "sub_x" }),
        ask(subscriptions, "pauseSubscription", { id: "sub_x" }),
        ask(subscriptions, "disableSubscription", { id: "sub_x", reason: "gone", callbackUrl: "" }),
        ask(subscriptions, "resumeSubscription", { id: "sub_x" }),
        ask(subscriptions, "rotateSecret", { ...rotation, id: "sub_x" }),
        ask(subscriptions, "listSubscriptionHistory", { id: "sub_x" }),
      ].map(readFailure)) {
        expect((await failing).code).toBe("NOT_FOUND");
      }
    });

    test.each(["", "sub_\0"])("can't be asked for by %j, which is no id", async (id) => {
      const { subscriptions } = await startSubscription();
      for (const failing of [
        ask(subscriptions, "getSubscription", { id }),
        ask(subscriptions, "deleteSubscription", { id }),
        ask(subscriptions, "pauseSubscription", { id }),
        ask(subscriptions, "disableSubscription", { id, reason: "gone", callbackUrl: "" }),
        ask(subscriptions, "resumeSubscription", { id }),
        ask(subscriptions, "rotateSecret", { ...rotation, id }),
        ask(subscriptions, "listSubscriptionHistory", { id }),
      ].map(readFailure)) {
        expect(await failing).toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field: "id" }] });
      }
    });
  });

  describe("RotateSecret", () => {
    test("shows a new secret, and lets the old one sign for 24 hours unless told otherwise", async () => {
      const running = await startSubscription();
      const { subscriptions, lookups } = running;
      const { id, secret: first } = await create(running);
      const rotated = await ask(subscriptions, "rotateSecret", { ...rotation, id });
      const second = rotated.subscription?.secret ?? "";
      expect(second).toMatch(/^whsec_/);
      expect(second).not.toBe(first);
      const { signingKeys } = await lookups.resolve({ tenantId: "acme", eventType: "any" });
      const [newest, old] = signingKeys[id]?.keys ?? [];
      expect(newest).toEqual({ secret: second, expireTime: undefined });
      expect(old?.secret).toBe(first);
      const updatedMs = rotated.subscription?.updateTime?.getTime() ?? 0;
      expect((old?.expireTime?.getTime() ?? 0) - updatedMs).toBe(86_400_000);
    });

    test("without overlap leaves the new secret only", async () => {
      const running = await startSubscription();
      const { subscriptions, lookups } = running;
      const { id } = await create(running);
      const overlap = { seconds: 0n, nanos: 0 };
      const { subscription } = await ask(subscriptions, "rotateSecret", { ...rotation, id, overlap });
      const { signingKeys } = await lookups.resolve({ tenantId: "acme", eventType: "any" });
      expect(signingKeys[id]?.keys).toEqual([{ secret: subscription?.secret, expireTime: undefined }]);
    });

    test("takes a secret that the receiver has already, of either kind", async () => {
      const running = await startSubscription();
      const { subscriptions } = running;
      const given = await create(running, { secret: GIVEN_SECRET });
      expect(given.secret).toBe(GIVEN_SECRET);
      expect(await keysOf(running, given.id)).toMatchObject([{ secret: GIVEN_SECRET }]);
      const request = { ...rotation, id: given.id, signature: Signature.SIGNATURE_KIND_ED25519, secret: PAIR };
      const { subscription } = await ask(subscriptions, "rotateSecret", request);
      expect(subscription).toMatchObject({ secret: "", publicKeys: [{ key: PUBLIC_KEY, expireTime: undefined }] });
      expect(await keysOf(running, given.id)).toMatchObject([{ secret: PAIR }, { secret: GIVEN_SECRET }]);
    });

    test("refuses a secret that is none, or is of another kind, and does not repeat it", async () => {
      const running = await startSubscription();
      const { subscriptions } = running;
      const { id } = await create(running);
      const wrong = ["w", "whsec_%", "whsec_wronglength", PUBLIC_KEY, PAIR.slice(0, -4), PAIR, `h${GIVEN_SECRET}`];
      for (const secret of wrong) {
        const failure = await readFailure(ask(subscriptions, "rotateSecret", { ...rotation, id, secret }));
        expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field: "secret" }] });
        if (secret.length > 6) expect(failure.message).not.toContain(secret.slice(6));
      }
      const unknown = { ...rotation, id, signature: 9 as Signature };
      expect(await readFailure(ask(subscriptions, "rotateSecret", unknown))).toMatchObject({
        violations: [{ field: "signature" }],
      });
      expect(await keysOf(running, id)).toHaveLength(1);
    });

    test("keeps the 10 newest of the old ones, and their secrets", async () => {
      const running = await startSubscription();
      const { subscriptions, database } = running;
      const { id } = await create(running);
      for (let count = 0; count < 12; count++) await ask(subscriptions, "rotateSecret", { ...rotation, id });
      expect(new Set((await keysOf(running, id)).map(({ secret }) => secret)).size).toBe(11);
      expect(await database.selectFrom("signing_secrets").select("key_id").execute()).toHaveLength(11);
    });

    test("refuses an overlap out of bounds", async () => {
      const running = await startSubscription();
      const { subscriptions } = running;
      const { id } = await create(running);
      for (const seconds of [-1n, 604_801n]) {
        const failing = ask(subscriptions, "rotateSecret", { ...rotation, id, overlap: { seconds, nanos: 0 } });
        expect(await readFailure(failing)).toMatchObject({
          code: "INVALID_ARGUMENT",
          violations: [{ field: "overlap" }],
        });
      }
    });
  });

  describe("a subscription that signs with ed25519", () => {
    const signature = Signature.SIGNATURE_KIND_ED25519;

    test("shows its public key at all times, and its private one to dispatchers only", async () => {
      const running = await startSubscription();
      const created = await create(running, { signature });
      expect(created).toMatchObject({
        signature,
        secret: "",
        publicKeys: [{ key: expect.stringMatching(/^whpk_[A-Za-z0-9+/]{43}=$/) as string, expireTime: undefined }],
      });
      expect(await get(running, created.id)).toEqual(created);
      const list = { tenantId: "acme", pageSize: 0, pageToken: "" };
      expect((await ask(running.subscriptions, "listSubscriptions", list)).subscriptions).toEqual([created]);
      expect(await keysOf(running, created.id)).toMatchObject([{ secret: expect.stringMatching(/^whsk_/) as string }]);
    });

    test("rotates to another pair; both public keys are shown while both sign", async () => {
      const running = await startSubscription();
      const { id, publicKeys } = await create(running, { signature });
      const overlap = { seconds: 60n, nanos: 0 };
      const rotated = await ask(running.subscriptions, "rotateSecret", { ...rotation, id, overlap });
      const [fresh, old] = rotated.subscription?.publicKeys ?? [];
      expect(rotated.subscription).toMatchObject({ signature, secret: "" });
      expect(fresh).toMatchObject({ expireTime: undefined });
      expect(old).toEqual({ key: publicKeys[0]?.key, expireTime: expect.any(Date) as Date });
      expect(fresh?.key).not.toBe(old?.key);
    });

    test("can be made of one that signs with HMAC, and back, by an update or a rotation", async () => {
      const running = await startSubscription();
      const { subscriptions } = running;
      const { id, secret } = await create(running);
      const update = async (kind: Signature): Promise<Subscription | undefined> => {
        const subscription = subscriptionMessage({ id, signature: kind });
        return (await ask(subscriptions, "updateSubscription", { subscription, updateMask: ["signature"] }))
          .subscription;
      };
      expect(await update(Signature.SIGNATURE_KIND_HMAC_SHA256)).toMatchObject({ secret: "", publicKeys: [] });
      expect(await update(signature)).toMatchObject({ signature, secret: "", publicKeys: [{}] });
      expect(await keysOf(running, id)).toMatchObject([
        { secret: expect.stringMatching(/^whsk_/) as string, expireTime: undefined },
        { secret, expireTime: expect.any(Date) as Date },
      ]);
      const back = { ...rotation, id, signature: Signature.SIGNATURE_KIND_HMAC_SHA256 };
      const { subscription } = await ask(subscriptions, "rotateSecret", back);
      expect(subscription?.secret).toMatch(/^whsec_/);
      expect(subscription?.signature).toBe(Signature.SIGNATURE_KIND_HMAC_SHA256);
      expect((await keysOf(running, id)).map((key) => key.secret.slice(0, 5))).toEqual(["whsec", "whsk_", "whsec"]);
      const again = await update(signature);
      expect(again?.publicKeys).toHaveLength(2);
      const { entries } = await ask(subscriptions, "listSubscriptionHistory", { id });
      expect(JSON.stringify(entries.map(({ data }) => data))).not.toMatch(/whsec_|whsk_/);
      expect(entries.map(({ type }) => type)).toEqual([
        "subscription_created",
        "subscription_updated",
        "secret_rotated",
        "secret_rotated",
        "subscription_updated",
        "secret_rotated",
      ]);
    });
  });

  describe("ListSubscriptions", () => {
    test("pages through one tenant's, and through all", async () => {
      const running = await startSubscription();
      const { subscriptions } = running;
      const ids = new Map<string, string[]>([
        ["acme", []],
        ["other", []],
      ]);
      for (const tenantId of ["acme", "other", "acme", "acme"]) {
        ids.get(tenantId)?.push((await create(running, { tenantId })).id);
      }
      const listAll = async (tenantId: string): Promise<string[][]> => {
        const pages: string[][] = [];
        let pageToken = "";
        do {
          const page = await ask(subscriptions, "listSubscriptions", { tenantId, pageSize: 2, pageToken });
          pages.push(page.subscriptions.map(({ id }) => id));
          pageToken = page.nextPageToken;
        } while (pageToken !== "");
        return pages;
      };
      const acme = await listAll("acme");
      expect(acme.map((page) => page.length)).toEqual([2, 1]);
      expect(acme.flat().sort()).toEqual(ids.get("acme")?.sort());
      expect((await listAll("other")).flat()).toEqual(ids.get("other"));
      const all = await listAll("");
      expect(all.map((page) => page.length)).toEqual([2, 2]);
      expect(new Set(all.flat()).size).toBe(4);
      expect(await listAll("nobody")).toEqual([[]]);
    });

    test("never shows a secret", async () => {
      const running = await startSubscription();
      await create(running);
      const list = { tenantId: "", pageSize: 0, pageToken: "" };
      const { subscriptions } = await ask(running.subscriptions, "listSubscriptions", list);
      expect(subscriptions.map(({ secret }) => secret)).toEqual([""]);
    });

    const refused = [
      [{ tenantId: "a b" }, "tenant_id"],
      [{ pageSize: -1 }, "page_size"],
      [{ pageSize: 1001 }, "page_size"],
      [{ pageToken: "nonsense" }, "page_token"],
      [{ pageToken: Buffer.from('["subscriptions of acme","a\\u0000"]').toString("base64url") }, "page_token"],
      [{ pageToken: Buffer.from('["subscriptions of other","a"]').toString("base64url") }, "page_token"],
    ] as const;

    test("refuses what breaks a rule, by its field", async () => {
      const { subscriptions } = await startSubscription();
      for (const [fields, field] of refused) {
        const request = { tenantId: "acme", pageSize: 0, pageToken: "", ...fields };
        const failure = await readFailure(ask(subscriptions, "listSubscriptions", request));
        expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field }] });
      }
    });
  });

  test("ListSubscriptionHistory tells what changed and when, without secrets", async () => {
    const running = await startSubscription();
    const { subscriptions } = running;
    const { id, secret } = await create(running);
    const message = subscriptionMessage({ id, description: "new" });
    await ask(subscriptions, "updateSubscription", { subscription: message, updateMask: ["description"] });
    const rotated = await ask(subscriptions, "rotateSecret", { ...rotation, id });
    const { entries } = await ask(subscriptions, "listSubscriptionHistory", { id });
    expect(entries.map(({ version, type }) => [version, type])).toEqual([
      [1, "subscription_created"],
      [2, "subscription_updated"],
      [3, "secret_rotated"],
    ]);
    expect(JSON.parse(entries[1]?.data ?? "")).toMatchObject({ changes: { description: "new" } });
    expect(entries[2]?.time).toEqual(rotated.subscription?.updateTime);
    const told = JSON.stringify(entries.map(({ data }) => data));
    expect(told).not.toContain(secret);
    expect(told).not.toContain("whsec_");
  });

  test("while the store can't be used every call is UNAVAILABLE", async () => {
    const running = await startSubscription();
    const { subscriptions, eventTypes, closeStore } = running;
    await closeStore();
    for (const failing of [
      create(running),
      get(running, "sub_x"),
      ask(subscriptions, "resolve", { tenantId: "acme", eventType: "a" }),
      ask(subscriptions, "listSubscriptionHistory", { id: "sub_x" }),
      ask(eventTypes, "getEventType", { name: "a" }),
    ].map(readFailure)) {
      expect((await failing).code).toBe("UNAVAILABLE");
    }
  });
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

async function get({ subscriptions }: RunningSubscription, id: string): Promise<Subscription | undefined> {
  return (await ask(subscriptions, "getSubscription", { id })).subscription;
}

/** What signs its deliveries, as dispatchers are told. */
async function keysOf({ lookups }: RunningSubscription, id: string): Promise<readonly SigningKey[]> {
  const { signingKeys } = await lookups.resolve({ tenantId: "acme", eventType: "any" });
  return signingKeys[id]?.keys ?? [];
}

async function addTypes({ eventTypes }: RunningSubscription, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await ask(eventTypes, "createEventType", { eventType: eventTypeMessage({ name }) });
  }
}

async function rejected(settled: PromiseSettledResult<unknown>): Promise<never> {
  throw settled.status === "rejected" ? settled.reason : new Error("fulfilled");
}
