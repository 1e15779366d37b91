import type { Duration } from "@postrider/contracts/google/protobuf/duration";
import {
  PayloadFormat,
  SignatureKind,
  type Subscription,
  Subscription_Method as Method,
  Subscription_State as State,
} from "@postrider/contracts/postrider/v1/subscription";
import { callbackUrlOf } from "../network/simulated-network.ts";
import type { SubscriptionPlan } from "./plan.ts";

/** As the subscription service would tell it. */
export function encodeSubscription(plan: SubscriptionPlan, isPaused: boolean): Subscription {
  const { id, tenantId, eventTypes, retryDelaysMs, maxAgeMs, timeoutMs, maxInFlight, ratePerSecond } = plan;
  return {
    ...{ id, tenantId, callbackUrl: callbackUrlOf(id), eventTypes: [...eventTypes], description: "" },
    ...{
      state: isPaused ? State.STATE_PAUSED : State.STATE_ACTIVE,
      disabledReason: "",
      pendingReason: "",
      consent: undefined,
      headers: {},
      secret: "",
    },
    ...{ method: Method.METHOD_POST, payloadFormat: PayloadFormat.PAYLOAD_FORMAT_STANDARD },
    ...{ signature: SignatureKind.SIGNATURE_KIND_HMAC_SHA256, acknowledgement: undefined },
    retryPolicy: {
      delays: retryDelaysMs.map(toDuration),
      maxAge: maxAgeMs === undefined ? undefined : toDuration(maxAgeMs),
    },
    limits: { maxInFlight: maxInFlight ?? 0, ratePerSecond: ratePerSecond ?? 0, timeout: toDuration(timeoutMs) },
    ...{ createTime: undefined, updateTime: undefined, failureStreak: undefined, publicKeys: [] },
  };
}

function toDuration(ms: number): Duration {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: Math.floor((ms % 1000) * 1e6) };
}
