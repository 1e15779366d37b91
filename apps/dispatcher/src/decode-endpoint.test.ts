import {
  Acknowledgement_Rule as Rule,
  PayloadFormat as Format,
  SignatureKind,
  type Subscription,
  Subscription_Method as Method,
  Subscription_State as State,
} from "@postrider/contracts/postrider/v1/subscription";
import { DEFAULT_RETRY_DELAYS_MS } from "@postrider/domain-delivery";
import { describe, expect, test } from "vitest";
import { decodeEndpoint } from "./decode-endpoint.ts";
import { keyOf, OLDER_SECRET, SECRET } from "./testing/builders.ts";

function subscription(changes: Partial<Subscription> = {}): Subscription {
  return {
    id: "sub_1",
    tenantId: "app-7",
    callbackUrl: "https://shop.example/hook",
    eventTypes: ["order.*"],
    description: "",
    state: State.STATE_ACTIVE,
    disabledReason: "",
    pendingReason: "",
    consent: undefined,
    method: Method.METHOD_UNSPECIFIED,
    payloadFormat: Format.PAYLOAD_FORMAT_UNSPECIFIED,
    headers: {},
    signature: SignatureKind.SIGNATURE_KIND_UNSPECIFIED,
    acknowledgement: undefined,
    retryPolicy: undefined,
    limits: undefined,
    secret: "",
    createTime: undefined,
    updateTime: undefined,
    failureStreak: undefined,
    publicKeys: [],
    ...changes,
  };
}

const oneKey = { keys: [{ secret: SECRET, expireTime: undefined }] };

describe("an endpoint", () => {
  test("has the defaults where the subscription says nothing", () => {
    expect(decodeEndpoint(subscription(), oneKey)).toEqual({
      subscriptionId: "sub_1",
      url: "https://shop.example/hook",
      host: "shop.example",
      isPaused: false,
      isSuspected: false,
      method: "POST",
      format: "standard",
      headers: {},
      keys: [keyOf(SECRET)],
      acknowledgement: { kind: "status" },
      retryPolicy: { delaysMs: DEFAULT_RETRY_DELAYS_MS },
      limits: { maxInFlight: 64 },
      timeoutMs: 15_000,
    });
  });

  test("has what the subscription says", () => {
    const decoded = decodeEndpoint(
      subscription({
        state: State.STATE_PAUSED,
        method: Method.METHOD_DELETE,
        payloadFormat: Format.PAYLOAD_FORMAT_PLATFORM,
        headers: { "X-Shop": "7" },
        acknowledgement: { rule: Rule.RULE_EXACT_BODY, exactBody: "success" },
        retryPolicy: {
          delays: [
            { seconds: 1n, nanos: 500_000_000 },
            { seconds: 60n, nanos: 0 },
          ],
          maxAge: { seconds: 3600n, nanos: 0 },
        },
        failureStreak: { since: new Date(1), failures: 20n, disableTime: undefined },
        limits: { maxInFlight: 3, ratePerSecond: 0.5, timeout: { seconds: 2n, nanos: 0 } },
      }),
      oneKey,
    );
    expect(decoded).toMatchObject({
      isPaused: true,
      isSuspected: true,
      method: "DELETE",
      format: "platform",
      headers: { "x-shop": "7" },
      acknowledgement: { kind: "exact_body", body: "success" },
      retryPolicy: { delaysMs: [1500, 60_000], maxAgeMs: 3_600_000 },
      limits: { maxInFlight: 3, ratePerSecond: 0.5 },
      timeoutMs: 2000,
    });
  });

  test.each([
    [Format.PAYLOAD_FORMAT_RAW, "raw"],
    [Format.PAYLOAD_FORMAT_CLOUDEVENTS_BINARY, "cloudevents_binary"],
    [Format.PAYLOAD_FORMAT_CLOUDEVENTS_STRUCTURED, "cloudevents_structured"],
  ])("has the format %d as %s", (payloadFormat, format) => {
    expect(decodeEndpoint(subscription({ payloadFormat }), oneKey).format).toBe(format);
  });

  test("is never tried again where the policy has no delays", () => {
    const decoded = decodeEndpoint(subscription({ retryPolicy: { delays: [], maxAge: undefined } }), oneKey);
    expect(decoded.retryPolicy).toEqual({ delaysMs: [] });
  });

  test("acknowledges by JSON where the subscription wants it", () => {
    const acknowledgement = { rule: Rule.RULE_JSON_STATUS_SUCCESS, exactBody: "" };
    expect(decodeEndpoint(subscription({ acknowledgement }), oneKey).acknowledgement.kind).toBe("json_status_success");
  });

  test("keeps its keys in order, with the time at which each ends", () => {
    const expireTime = new Date("2026-01-02T00:00:00Z");
    const keys = [...oneKey.keys, { secret: OLDER_SECRET, expireTime }];
    expect(decodeEndpoint(subscription(), { keys }).keys).toEqual([
      keyOf(SECRET),
      keyOf(OLDER_SECRET, expireTime.getTime()),
    ]);
  });

  test("is refused with a key that is none, without repeating it", () => {
    const decode = (): unknown =>
      decodeEndpoint(subscription(), { keys: [{ secret: "whsec_typo", expireTime: undefined }] });
    expect(decode).toThrow("a signing key of sub_1 is invalid");
    expect(decode).not.toThrow("typo");
  });
});
