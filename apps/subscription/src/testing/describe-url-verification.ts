import { createHmac } from "node:crypto";
import {
  Consent_Method as ConsentMethod,
  type Subscription,
  Subscription_State as State,
} from "@postrider/contracts/postrider/v1/subscription";
import { type EventStore, EventStoreError } from "@postrider/kit-event-store";
import { type AnswerHandler, type ReceivedRequest, type Receiver, startReceiver } from "@postrider/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { subscriptionMessage } from "./build-messages.ts";
import { ask, readFailure, type RunningSubscription, type StartSubscription } from "./start-subscription.ts";

const CHALLENGE = { kind: "challenge" } as const;
const ORIGIN = "hooks.platform.example";
const CLOUDEVENTS = { kind: "cloudevents", origin: ORIGIN } as const;

const echo: AnswerHandler = ({ body }) => ({ body: JSON.stringify({ challenge: readChallenge(body) }) });

function readChallenge(body: Buffer): string {
  return (JSON.parse(body.toString()) as { challenge: string }).challenge;
}

/** What must hold of callback URLs that are asked first, whichever store stands behind it. */
export function describeUrlVerification(startSubscription: StartSubscription): void {
  const start = async (answer: AnswerHandler, method: typeof CHALLENGE | typeof CLOUDEVENTS = CHALLENGE) => {
    const [running, receiver] = [await startSubscription(undefined, method), await openReceiver(answer)];
    return { running, receiver };
  };

  describe("a platform that asks callback URLs by a challenge", () => {
    test("lets one that echoes it have a subscription that is active from the start", async () => {
      const { running, receiver } = await start(echo);
      const created = await create(running, receiver.url, { headers: { "X-Gateway": "key" } });
      expect(created).toMatchObject({ state: State.STATE_ACTIVE, pendingReason: "" });
      expect(created.consent).toMatchObject({ method: ConsentMethod.METHOD_CHALLENGE, origin: "" });
      expect(await resolve(running)).toHaveLength(1);
      const [question] = receiver.requests;
      expect(question).toMatchObject({
        method: "POST",
        headers: { "x-gateway": "key", "user-agent": "Postrider/test" },
      });
      expect(JSON.parse(question?.body.toString() ?? "")).toEqual({
        type: "url_verification",
        challenge: expect.stringMatching(/^[\w-]{43}$/) as string,
      });
      expect(receiver.requests).toHaveLength(1);
    });

    test("signs the question like a delivery", async () => {
      const { running, receiver } = await start(echo);
      const { secret } = await create(running, receiver.url);
      const question = receiver.requests[0];
      expect(question?.headers["webhook-signature"]).toBe(question && signatureOf(question, secret));
    });

    test("takes the bare challenge for an answer too", async () => {
      const { running, receiver } = await start(({ body }) => ({ body: `${readChallenge(body)}\n` }));
      expect(await create(running, receiver.url)).toMatchObject({ state: State.STATE_ACTIVE });
    });

    test("keeps the subscription pending until it agrees: nothing is resolved to it, and it says why", async () => {
      const { running, receiver } = await start(() => ({ status: 404, body: "no such page" }));
      const created = await create(running, receiver.url);
      const reason = "the callback URL answered with status 404";
      expect(created).toMatchObject({ state: State.STATE_PENDING, pendingReason: reason, consent: undefined });
      expect(created.secret).not.toBe("");
      expect(await resolve(running)).toEqual([]);
      expect(await verify(running, created.id)).toMatchObject({ state: State.STATE_PENDING, pendingReason: reason });

      receiver.answer(echo);
      const verified = await verify(running, created.id);
      expect(verified).toMatchObject({ state: State.STATE_ACTIVE, pendingReason: "", secret: "" });
      expect((await resolve(running)).map(({ id }) => id)).toEqual([created.id]);
      const asked = receiver.requests.length;
      expect(await verify(running, created.id)).toEqual(verified);
      expect(receiver.requests).toHaveLength(asked);
    });

    const unwilling: readonly [string, (mine: Receiver, other: Receiver) => AnswerHandler, string][] = [
      ["answers all things alike", () => () => ({ body: "success" }), "did not answer with the challenge"],
      ["says nothing", () => () => ({ status: 204 }), "did not answer with the challenge"],
      ["is JSON, but no object", () => () => ({ body: "null" }), "did not answer with the challenge"],
      ["quotes the question", () => quote, "did not answer with the challenge"],
      ["nests the question", () => nest, "did not answer with the challenge"],
      ["repeats an old challenge", echoTheFirst, "did not answer with the challenge"],
      [
        "echoes it with a failure",
        () => (request, index) => ({ ...echoOf(request, index), status: 500 }),
        "status 500",
      ],
      ["hides it deep in a long body", () => hide, "did not answer with the challenge"],
      [
        "redirects",
        (_, other) => () => ({ status: 307, headers: { location: other.url } }),
        "status 307: redirects are not followed",
      ],
    ];
    test.each(unwilling)("is not fooled by one that %s", async (_, answerOf, reason) => {
      const running = await startSubscription(undefined, CHALLENGE);
      const [receiver, other] = [await openReceiver(() => ({ status: 400 })), await openReceiver(echo)];
      const { id } = await create(running, receiver.url);
      receiver.answer(answerOf(receiver, other));
      const { state, pendingReason } = await verify(running, id);
      expect([state, pendingReason]).toEqual([
        State.STATE_PENDING,
        `the callback URL ${reason.startsWith("status") ? "answered with " : ""}${reason}`,
      ]);
      expect(other.requests).toHaveLength(0);
    });

    test("tells of one that is not there no more than that", async () => {
      const { running, receiver } = await start(echo);
      await receiver.close();
      const { pendingReason } = await create(running, receiver.url);
      expect(pendingReason).toBe("no connection to the callback URL could be made");
    });

    test("writes down what became of it, but no challenge", async () => {
      const { running, receiver } = await start(() => ({ status: 404 }));
      const { id } = await create(running, receiver.url);
      receiver.answer(echo);
      await verify(running, id);
      const { entries } = await ask(running.subscriptions, "listSubscriptionHistory", { id });
      expect(entries.map(({ type }) => type)).toEqual([
        ...["subscription_created", "verification_required", "verification_failed", "subscription_verified"],
      ]);
      const told = entries.map(({ data }) => data).join();
      for (const { body } of receiver.requests) expect(told).not.toContain(readChallenge(body));
    });

    test("neither pauses nor resumes a pending one; a disabled one is asked when it is resumed", async () => {
      const { running, receiver } = await start(() => ({ status: 404 }));
      const { id } = await create(running, receiver.url);
      for (const name of ["pauseSubscription", "resumeSubscription"] as const) {
        const { message } = await readFailure(ask(running.subscriptions, name, { id }));
        expect(message).toContain("is pending (the callback URL answered with status 404)");
      }
      await ask(running.subscriptions, "disableSubscription", { id, reason: "spam", callbackUrl: "" });
      expect((await readFailure(verify(running, id))).message).toContain("is disabled (spam): resume it");
      const { subscription: refused } = await ask(running.subscriptions, "resumeSubscription", { id });
      expect(refused).toMatchObject({ state: State.STATE_PENDING });
      await ask(running.subscriptions, "disableSubscription", { id, reason: "spam", callbackUrl: "" });
      receiver.answer(echo);
      const { subscription: resumed } = await ask(running.subscriptions, "resumeSubscription", { id });
      expect(resumed).toMatchObject({ state: State.STATE_ACTIVE });
    });

    test("has no subscription that is not there", async () => {
      const { running } = await start(echo);
      expect((await readFailure(verify(running, "sub_none"))).message).toContain("sub_none");
    });
  });

  describe("another callback URL", () => {
    test("is asked before it is taken: as long as it does not agree, all stays as it is", async () => {
      const { running, receiver } = await start(echo);
      const next = await openReceiver(() => ({ status: 404 }));
      const before = await create(running, receiver.url);
      const failure = await readFailure(move(running, before.id, next.url));
      expect(failure.message).toBe("nothing was changed: the callback URL answered with status 404");
      expect(await get(running, before.id)).toEqual({ ...before, secret: "" });
      expect(await resolve(running)).toMatchObject([{ callbackUrl: receiver.url }]);

      next.answer(echo);
      const moved = await move(running, before.id, next.url);
      expect(moved).toMatchObject({ state: State.STATE_ACTIVE, callbackUrl: next.url });
      expect(moved.consent?.time?.getTime()).toBeGreaterThanOrEqual(before.consent?.time?.getTime() ?? NaN);
      expect(receiver.requests).toHaveLength(1);
      expect(next.requests[1]?.headers["webhook-signature"]).toBe(
        next.requests[1] && signatureOf(next.requests[1], before.secret),
      );
    });

    test("of a pending one is taken at once, and asked", async () => {
      const { running, receiver } = await start(() => ({ status: 404 }));
      const next = await openReceiver(echo);
      const { id } = await create(running, receiver.url);
      expect(await move(running, id, next.url)).toMatchObject({ state: State.STATE_ACTIVE, callbackUrl: next.url });
    });

    test("that is malformed or refused is not asked; nor is one that stays", async () => {
      const { running, receiver } = await start(echo);
      const { id } = await create(running, receiver.url);
      const failure = await readFailure(move(running, id, "http://10.0.0.1/"));
      expect(failure.violations).toMatchObject([{ field: "subscription.callback_url" }]);
      expect(await move(running, id, receiver.url)).toMatchObject({ state: State.STATE_ACTIVE });
      expect(receiver.requests).toHaveLength(1);
    });
  });

  describe("Postrider as a weapon", () => {
    test("a tenant's URLs are asked so often, and no more; another tenant's still are", async () => {
      const { running, receiver } = await start(() => ({ status: 404 }));
      const created = await Promise.all(Array.from({ length: 40 }, async () => create(running, receiver.url)));
      // Twenty at once, and one each three seconds: the machine may be slow.
      const refused = created.filter(({ pendingReason }) => pendingReason.includes("too many callback URLs"));
      expect(refused.length).toBeGreaterThanOrEqual(1);
      expect(receiver.requests).toHaveLength(created.length - refused.length);
      expect(receiver.requests.length).toBeGreaterThanOrEqual(20);
      const asking = created.map(async ({ id }) => verify(running, id));
      const failure = await readFailure(Promise.all(asking));
      await Promise.allSettled(asking);
      expect(failure.message).toBe("too many callback URLs of this tenant were asked lately");
      expect(failure.retryDelayMs).toBeGreaterThan(0);
      const other = await create(running, receiver.url, { tenantId: "other" });
      expect(other.pendingReason).toBe("the callback URL answered with status 404");
    });
  });

  test("a subscription is made, and its secret told, also if the store goes away while the URL is asked", async () => {
    let isAway = false;
    const away = (store: EventStore): EventStore => ({
      ...store,
      append: async (append) => {
        if (isAway) throw new EventStoreError("unavailable", "it is away");
        return store.append(append);
      },
    });
    const running = await startSubscription(away, CHALLENGE);
    const receiver = await openReceiver((request, index) => {
      isAway = true;
      return echoOf(request, index);
    });
    const created = await create(running, receiver.url);
    expect(created).toMatchObject({ state: State.STATE_PENDING, pendingReason: "the callback URL was not asked yet" });
    expect(created.secret).not.toBe("");
    isAway = false;
    receiver.answer(echo);
    expect(await verify(running, created.id)).toMatchObject({ state: State.STATE_ACTIVE });
  });

  describe("a platform that asks by the handshake of CloudEvents", () => {
    const allow =
      (headers: Readonly<Record<string, string>>): AnswerHandler =>
      ({ method }) => ({ status: method === "OPTIONS" ? 200 : 405, headers });

    test("takes a permission, keeps to its rate, and says in each delivery who it is", async () => {
      const permission = { "WebHook-Allowed-Origin": ORIGIN, "WebHook-Allowed-Rate": "120" };
      const { running, receiver } = await start(allow(permission), CLOUDEVENTS);
      const limits = { maxInFlight: 8, ratePerSecond: 10, timeout: undefined };
      const created = await create(running, receiver.url, { limits, headers: { Origin: "mine", "X-Gateway": "key" } });
      expect(created).toMatchObject({ state: State.STATE_ACTIVE, limits: { ratePerSecond: 10 } });
      expect(created.consent).toMatchObject({
        ...{ method: ConsentMethod.METHOD_CLOUDEVENTS, origin: ORIGIN, allowedRatePerSecond: 2 },
      });
      expect(receiver.requests).toMatchObject([
        {
          method: "OPTIONS",
          headers: { "webhook-request-origin": ORIGIN, "webhook-request-rate": "600", "x-gateway": "key" },
        },
      ]);
      expect(await resolve(running)).toMatchObject([
        { limits: { maxInFlight: 8, ratePerSecond: 2 }, headers: { origin: ORIGIN, "X-Gateway": "key" } },
      ]);
      expect((await resolve(running))[0]?.headers).not.toHaveProperty("Origin");
    });

    const granted: readonly [Record<string, string>, number][] = [
      [{ "webhook-allowed-origin": "*" }, 0],
      [{ "webhook-allowed-origin": "*", "webhook-allowed-rate": "*" }, 0],
      [{ "webhook-allowed-origin": ORIGIN.toUpperCase(), "webhook-allowed-rate": "30" }, 0.5],
    ];
    test.each(granted)("takes %o", async (headers, allowedRatePerSecond) => {
      const { running, receiver } = await start(allow(headers), CLOUDEVENTS);
      const created = await create(running, receiver.url);
      expect(created).toMatchObject({ state: State.STATE_ACTIVE, consent: { allowedRatePerSecond } });
      expect(receiver.requests[0]?.headers).not.toHaveProperty("webhook-request-rate");
    });

    const refused: readonly [Record<string, string>, string][] = [
      [{ allow: "POST, OPTIONS" }, "answered without WebHook-Allowed-Origin"],
      [{ "webhook-allowed-origin": "other.example" }, `allows another origin than ${ORIGIN}`],
      [
        { "webhook-allowed-origin": "*", "webhook-allowed-rate": "0" },
        "answered with a WebHook-Allowed-Rate that is none",
      ],
    ];
    test.each(refused)("takes %o for no permission", async (headers, reason) => {
      const { running, receiver } = await start(allow(headers), CLOUDEVENTS);
      const created = await create(running, receiver.url);
      expect(created).toMatchObject({ state: State.STATE_PENDING, pendingReason: `the callback URL ${reason}` });
    });
  });
}

const echoOf = echo as (request: ReceivedRequest, index: number) => { readonly body: string };
/** As a page for people, or a service that shows what it got, may do. */
const quote: AnswerHandler = ({ body }) => ({ body: `You sent: ${body.toString()} (${readChallenge(body)})` });
const nest: AnswerHandler = ({ body }) => ({ body: `{"json":${body.toString()}}` });
const hide: AnswerHandler = ({ body }) => ({ body: `${" ".repeat(8192)}${readChallenge(body)}` });

function echoTheFirst({ requests }: Receiver): AnswerHandler {
  return () => ({ body: requests[0] ? readChallenge(requests[0].body) : "" });
}

async function openReceiver(answer: AnswerHandler): Promise<Receiver> {
  const receiver = await startReceiver({ answer });
  onTestFinished(() => receiver.close());
  return receiver;
}

/** Standard Webhooks 1.0.0, made without Postrider's own code. */
function signatureOf({ headers, body }: ReceivedRequest, secret: string): string {
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const head = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.`;
  return `v1,${createHmac("sha256", key).update(head).update(body).digest("base64")}`;
}

async function create(
  { subscriptions }: RunningSubscription,
  callbackUrl: string,
  fields: Partial<Subscription> = {},
): Promise<Subscription> {
  const request = { subscription: subscriptionMessage({ callbackUrl, ...fields }) };
  return present((await ask(subscriptions, "createSubscription", request)).subscription);
}

async function move({ subscriptions }: RunningSubscription, id: string, callbackUrl: string): Promise<Subscription> {
  const request = { subscription: subscriptionMessage({ id, callbackUrl }), updateMask: ["callback_url"] };
  return present((await ask(subscriptions, "updateSubscription", request)).subscription);
}

async function verify({ subscriptions }: RunningSubscription, id: string): Promise<Subscription> {
  return present((await ask(subscriptions, "verifySubscription", { id })).subscription);
}

async function get({ subscriptions }: RunningSubscription, id: string): Promise<Subscription> {
  return present((await ask(subscriptions, "getSubscription", { id })).subscription);
}

async function resolve({ lookups }: RunningSubscription): Promise<readonly Subscription[]> {
  return (await lookups.resolve({ tenantId: "acme", eventType: "order.paid" })).subscriptions;
}

function present(subscription: Subscription | undefined): Subscription {
  if (!subscription) throw new Error("an answer without a subscription");
  return subscription;
}
