import fc from "fast-check";
import type { LiveSubscription, SigningKey, SubscriptionSettings } from "@postrider/domain-subscription";
import { expect, test } from "vitest";
import { subscriptionMessage } from "../testing/build-messages.ts";
import { decodeDurationMs, encodeDuration } from "./durations.ts";
import { decodeSettings } from "./decode-settings.ts";
import { encodeSigningKeys, encodeSubscription, encodeWithSecret } from "./encode-subscription.ts";

const durationMs = fc.integer({ min: 0, max: 2_592_000_000 });

const settings: fc.Arbitrary<SubscriptionSettings> = fc.record({
  callbackUrl: fc.webUrl(),
  eventTypes: fc.array(fc.string()),
  description: fc.string(),
  method: fc.constantFrom("POST", "PUT", "PATCH", "GET", "DELETE"),
  payloadFormat: fc.constantFrom("standard", "cloudevents_binary", "cloudevents_structured", "raw", "platform"),
  headers: fc.dictionary(fc.string(), fc.string()),
  signature: fc.constantFrom("hmac_sha256", "ed25519"),
  acknowledgement: fc.oneof(
    fc.record({ kind: fc.constantFrom("status", "json_status_success") }),
    fc.record({ kind: fc.constant("exact_body"), body: fc.string() }),
  ),
  retryPolicy: fc.oneof(
    fc.record({ kind: fc.constant("default") }),
    fc.record(
      { kind: fc.constant("custom"), delaysMs: fc.array(durationMs), maxAgeMs: durationMs },
      { requiredKeys: ["kind", "delaysMs"] },
    ),
  ),
  limits: fc.record(
    {
      maxInFlight: fc.integer({ min: 1, max: 1000 }),
      ratePerSecond: fc.double({ min: 0.001, max: 1e6, noNaN: true }),
      timeoutMs: durationMs,
    },
    { requiredKeys: ["maxInFlight", "timeoutMs"] },
  ),
});

function subscriptionWith(chosen: SubscriptionSettings): LiveSubscription {
  const pair = { kind: "ed25519" } as const;
  const keys: readonly SigningKey[] = [
    { ...pair, id: "new", publicKey: "whpk_new" },
    { id: "old", kind: "hmac_sha256", expiresAtMs: 1000 },
    { ...pair, id: "older", publicKey: "whpk_older", expiresAtMs: 900 },
    { ...pair, id: "oldest", publicKey: "whpk_oldest", expiresAtMs: 10 },
  ];
  const times = { createdAtMs: 1, updatedAtMs: 2 };
  return { kind: "active", id: "sub_1", tenantId: "acme", settings: chosen, keys, ...times };
}

test("settings that are shown read back as they are", () => {
  fc.assert(
    fc.property(settings, (chosen) => {
      const message = encodeSubscription(subscriptionWith(chosen), 10);
      expect(decodeSettings(message)).toEqual({ settings: chosen, violations: [] });
    }),
  );
});

test("what is not said is the default", () => {
  expect(decodeSettings(subscriptionMessage()).settings).toEqual({
    callbackUrl: "https://example.com/hook",
    eventTypes: ["*"],
    description: "",
    method: "POST",
    payloadFormat: "standard",
    headers: {},
    signature: "hmac_sha256",
    acknowledgement: { kind: "status" },
    retryPolicy: { kind: "default" },
    limits: { maxInFlight: 64, timeoutMs: 15_000 },
  });
  const limits = { maxInFlight: 0, ratePerSecond: 0, timeout: undefined };
  expect(decodeSettings(subscriptionMessage({ limits })).settings.limits).toEqual({
    maxInFlight: 64,
    timeoutMs: 15_000,
  });
});

test("a secret is shown only where it is asked for, and only if its receiver needs it", () => {
  const subscription = subscriptionWith(decodeSettings(subscriptionMessage()).settings);
  expect(encodeSubscription(subscription, 10).secret).toBe("");
  expect(encodeWithSecret(subscription, "whsec_new", 10).secret).toBe("whsec_new");
  expect(encodeWithSecret(subscription, undefined, 10).secret).toBe("");
  const asymmetric = subscriptionWith({ ...subscription.settings, signature: "ed25519" });
  expect(encodeWithSecret(asymmetric, "whsk_new", 10).secret).toBe("");
});

test("public keys are shown while they sign, with their end", () => {
  const subscription = subscriptionWith(decodeSettings(subscriptionMessage()).settings);
  expect(encodeSubscription(subscription, 10).publicKeys).toEqual([
    { key: "whpk_new", expireTime: undefined },
    { key: "whpk_older", expireTime: new Date(900) },
  ]);
});

test("keys are told to dispatchers with their end", () => {
  const keys = [
    { secret: "new", expiresAtMs: undefined },
    { secret: "old", expiresAtMs: 1000 },
  ];
  expect(encodeSigningKeys(keys)).toEqual({
    keys: [
      { secret: "new", expireTime: undefined },
      { secret: "old", expireTime: new Date(1000) },
    ],
  });
});

test("a disabled one tells why", () => {
  const subscription = {
    ...subscriptionWith(decodeSettings(subscriptionMessage()).settings),
    kind: "disabled" as const,
  };
  expect(encodeSubscription({ ...subscription, reason: "gone" }, 10)).toMatchObject({
    state: 3,
    disabledReason: "gone",
  });
});

test("durations are rounded to milliseconds", () => {
  expect(decodeDurationMs({ seconds: 1n, nanos: 499_600_000 })).toBe(1500);
  expect(decodeDurationMs({ seconds: -1n, nanos: -500_000_000 })).toBe(-1500);
  expect(encodeDuration(1500)).toEqual({ seconds: 1n, nanos: 500_000_000 });
});
