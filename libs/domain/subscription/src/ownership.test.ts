import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide, type SubscriptionCommand } from "./decide.ts";
import type { Consent, VerificationOutcome } from "./ownership.ts";
import { DEFAULT_LIMITS, type SubscriptionSettings } from "./settings.ts";
import { ABSENT, effectiveLimits, evolve, isLive, type Subscription, type SubscriptionEvent } from "./subscription.ts";

const URL_1 = "https://example.com/hook";
const URL_2 = "https://example.org/hook";
const settings: SubscriptionSettings = {
  ...{ callbackUrl: URL_1, eventTypes: ["*"], description: "", method: "POST", payloadFormat: "standard", headers: {} },
  ...{ signature: "hmac_sha256", acknowledgement: { kind: "status" }, retryPolicy: { kind: "default" } },
  limits: DEFAULT_LIMITS,
};
const key = { id: "key_1", kind: "hmac_sha256" } as const;
const who = { id: "sub_1", tenantId: "acme" };
const consent: Consent = { by: "challenge" };
const agreed: VerificationOutcome = { kind: "agreed", consent };
const notAgreed: VerificationOutcome = { kind: "not_agreed", reason: "the callback URL answered with status 404" };

const create: SubscriptionCommand = {
  ...{ kind: "create", ...who, settings, key, mustVerify: true, atMs: 1 },
};
const created: SubscriptionEvent = { ...who, kind: "subscription_created", settings, key, atMs: 1 };
const required: SubscriptionEvent = { ...who, kind: "verification_required", atMs: 1 };
const failed: SubscriptionEvent = {
  ...{ ...who, kind: "verification_failed", reason: "the callback URL answered with status 404", atMs: 2 },
};
const verified: SubscriptionEvent = { ...who, kind: "subscription_verified", consent, atMs: 2 };
const disabled: SubscriptionEvent = { ...who, kind: "subscription_disabled", reason: "gone", atMs: 3 };
const resumed: SubscriptionEvent = { ...who, kind: "subscription_resumed", atMs: 4 };
const movedTo2: SubscriptionEvent = { ...who, kind: "subscription_updated", changes: { callbackUrl: URL_2 }, atMs: 5 };

function verify(callbackUrl: string, outcome: VerificationOutcome): SubscriptionCommand {
  return { kind: "verify", callbackUrl, outcome, atMs: 2 };
}

function moveTo2(more: { mustVerify?: boolean; consent?: Consent } = {}): SubscriptionCommand {
  return { kind: "update", changes: { callbackUrl: URL_2 }, ...more, atMs: 5 };
}

function given(...events: readonly SubscriptionEvent[]) {
  const state = events.reduce(evolve, ABSENT);
  return {
    state,
    when: (command: SubscriptionCommand) => {
      const decision = decide(command, state);
      return {
        then: (...expected: readonly SubscriptionEvent[]) => {
          expect(decision).toEqual({ kind: "accepted", events: expected });
        },
        thenRejected: (words: string) => {
          expect(decision).toMatchObject({ kind: "rejected", code: "wrong_state" });
          expect(JSON.stringify(decision)).toContain(words);
        },
      };
    },
  };
}

describe("a subscription whose platform wants somebody at its URL to agree", () => {
  test("is pending from the first moment on, and says why", () => {
    given().when(create).then(created, required);
    expect(given(created, required).state).toMatchObject({
      kind: "pending",
      ownership: { reason: "the callback URL was not asked yet" },
    });
  });

  test("is active once somebody agreed, and remembers how and since when", () => {
    given(created, required).when(verify(URL_1, agreed)).then(verified);
    expect(given(created, required, verified).state).toMatchObject({
      kind: "active",
      ownership: { kind: "verified", consent, sinceMs: 2 },
      health: { countsFromMs: 2 },
    });
  });

  test("tells the last reason, once however often it is the same", () => {
    given(created, required).when(verify(URL_1, notAgreed)).then(failed);
    given(created, required, failed).when(verify(URL_1, notAgreed)).then();
    expect(given(created, required, failed).state).toMatchObject({
      kind: "pending",
      ownership: { reason: "the callback URL answered with status 404" },
    });
  });

  test("takes nothing for an answer that came from another URL, or that comes again", () => {
    given(created, required).when(verify(URL_2, agreed)).then();
    given(created, required, verified).when(verify(URL_1, agreed)).then();
    given(created, required, verified).when(verify(URL_1, notAgreed)).then();
  });

  test("can be neither paused nor resumed while it is pending: that would hold deliveries, or let them go", () => {
    given(created, required, failed)
      .when({ kind: "pause", atMs: 3 })
      .thenRejected("the callback URL answered with status 404");
    given(created, required, failed).when({ kind: "resume", atMs: 3 }).thenRejected("VerifySubscription");
  });

  test("is pending again when it is resumed after it was disabled while pending; active if it was verified", () => {
    given(created, required, disabled).when({ kind: "resume", atMs: 4 }).then(resumed);
    expect(given(created, required, failed, disabled, resumed).state).toMatchObject({
      kind: "pending",
      ownership: { reason: "the callback URL answered with status 404" },
    });
    const again = given(created, required, verified, disabled, resumed).state;
    expect(again).toMatchObject({ kind: "active", ownership: { kind: "verified" } });
  });

  test("ignores what is reported of its endpoint while it is pending", () => {
    const thresholds = { failingAfterMs: 1, leastAttempts: 1, disabledAfterMs: 2 };
    const report = { kind: "failing", streak: { sinceMs: 10, failures: 9 }, lastFailureAtMs: 99 } as const;
    given(created, required).when({ kind: "report_health", report, callbackUrl: URL_1, thresholds, atMs: 99 }).then();
  });
});

describe("another callback URL", () => {
  test("is taken with the consent of whoever is there, which replaces the old one", () => {
    const verifiedThere: SubscriptionEvent = { ...verified, atMs: 5 };
    given(created, required, verified)
      .when(moveTo2({ mustVerify: true, consent }))
      .then(movedTo2, verifiedThere);
    expect(given(created, required, verified, movedTo2, verifiedThere).state).toMatchObject({
      kind: "active",
      ownership: { sinceMs: 5 },
    });
  });

  test("is refused without, and all stays as it is", () => {
    given(created, required, verified)
      .when(moveTo2({ mustVerify: true }))
      .thenRejected("nobody at the new callback URL of sub_1 has agreed");
  });

  test("is taken while nobody has agreed to any: then it is to be asked", () => {
    given(created, required, failed)
      .when(moveTo2({ mustVerify: true }))
      .then(movedTo2);
    expect(given(created, required, failed, movedTo2).state).toMatchObject({
      kind: "pending",
      ownership: { reason: "the callback URL was not asked yet" },
    });
  });

  test("is taken as it is where the platform does not ask; what was agreed at the old one is forgotten", () => {
    given(created, required, verified).when(moveTo2()).then(movedTo2);
    expect(given(created, required, verified, movedTo2).state).not.toHaveProperty("ownership");
  });

  test("other changes need no consent", () => {
    given(created, required, verified)
      .when({ kind: "update", changes: { description: "new" }, mustVerify: true, atMs: 5 })
      .then({ ...who, kind: "subscription_updated", changes: { description: "new" }, atMs: 5 });
  });
});

test("the rate that the receiver allows bounds the one that was chosen, and only that", () => {
  const limited = (chosen: number | undefined, allowed: number | undefined): number | undefined => {
    const limits = { ...DEFAULT_LIMITS, ...(chosen !== undefined && { ratePerSecond: chosen }) };
    const ratePerConsent = {
      by: "cloudevents",
      ...(allowed !== undefined && { allowedRatePerSecond: allowed }),
    } as const;
    const { state } = given(
      { ...who, kind: "subscription_created", settings: { ...settings, limits }, key, atMs: 1 },
      { ...required },
      { ...verified, consent: ratePerConsent },
    );
    return isLive(state) ? effectiveLimits(state).ratePerSecond : NaN;
  };
  expect([limited(undefined, 2), limited(1, 2), limited(3, 2), limited(3, undefined)]).toEqual([2, 1, 2, 3]);
  expect(limited(undefined, undefined)).toBeUndefined();
});

const anyCommand: fc.Arbitrary<SubscriptionCommand> = fc.oneof(
  fc.constantFrom<SubscriptionCommand>(
    { kind: "pause", atMs: 9 },
    { kind: "resume", atMs: 9 },
    { kind: "disable", reason: "gone", atMs: 9 },
    { kind: "update", changes: { description: "other" }, mustVerify: true, atMs: 9 },
  ),
  fc
    .tuple(fc.constantFrom(URL_1, URL_2), fc.constantFrom(agreed, notAgreed))
    .map(([url, outcome]) => verify(url, outcome)),
  fc.tuple(fc.constantFrom(URL_1, URL_2), fc.boolean()).map(([callbackUrl, has]): SubscriptionCommand => {
    return { kind: "update", changes: { callbackUrl }, mustVerify: true, ...(has && { consent }), atMs: 9 };
  }),
);

test("whatever is asked for in whatever order: nothing may be delivered to a URL where nobody has agreed", () => {
  fc.assert(
    fc.property(fc.array(anyCommand, { maxLength: 40 }), (commands) => {
      let state: Subscription = [created, required].reduce(evolve, ABSENT);
      let agreedAt: string | undefined;
      for (const command of commands) {
        const decision = decide(command, state);
        if (decision.kind === "rejected") continue;
        state = decision.events.reduce(evolve, state);
        const isAgreed = decision.events.some(({ kind }) => kind === "subscription_verified");
        if (isAgreed && command.kind === "verify") agreedAt = command.callbackUrl;
        if (isAgreed && command.kind === "update") agreedAt = command.changes.callbackUrl;
        if (!isLive(state)) throw new Error("it is gone");
        // Resolve tells of active and paused ones.
        if (state.kind === "active" || state.kind === "paused") expect(state.settings.callbackUrl).toBe(agreedAt);
      }
    }),
  );
});
