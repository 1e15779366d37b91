import type {
  CreateSubscriptionRequest,
  DisableSubscriptionRequest,
  RotateSecretRequest,
  UpdateSubscriptionRequest,
} from "@postrider/contracts/postrider/v1/subscription";
import { checkSettings, checkTenant, type SubscriptionSettings } from "@postrider/domain-subscription";
import { RpcError } from "@postrider/kit-rpc";
import type { Disabling } from "../subscriptions/change-subscription.ts";
import type { Registration } from "../subscriptions/register-subscription.ts";
import type { Rotation } from "../subscriptions/rotate-secret.ts";
import type { Update } from "../subscriptions/update-subscription.ts";
import { decodeSettings, decodeSignature } from "./decode-settings.ts";
import { decodeDurationMs } from "./durations.ts";
import { pick, readMask } from "./read-mask.ts";
import { assertKey, MAX_URL_CHARS, requireField } from "./require-field.ts";

/** What an update may name. Tenant, state and secret change otherwise, or never. */
const UPDATABLE: Readonly<Record<string, keyof SubscriptionSettings>> = {
  callback_url: "callbackUrl",
  event_types: "eventTypes",
  description: "description",
  method: "method",
  payload_format: "payloadFormat",
  headers: "headers",
  signature: "signature",
  acknowledgement: "acknowledgement",
  retry_policy: "retryPolicy",
  limits: "limits",
};

/** @throws {RpcError} `invalid_argument` for what the domain has no words for, with all else that is wrong beside it */
export function decodeRegistration(request: CreateSubscriptionRequest): Registration {
  const message = requireField("subscription", request.subscription);
  const { settings, violations } = decodeSettings(message);
  if (violations.length > 0) {
    throw RpcError.invalid([...violations, ...checkTenant(message.tenantId), ...checkSettings(settings)]);
  }
  return { tenantId: message.tenantId, settings, ...(message.secret !== "" && { secret: message.secret }) };
}

export function decodeRotation({ id, overlap, signature, secret }: RotateSecretRequest): Rotation {
  return {
    id: requireField("id", id),
    overlapMs: overlap && decodeDurationMs(overlap),
    signature: decodeSignature("signature", signature),
    secret: secret === "" ? undefined : secret,
  };
}

export function decodeDisabling({ id, reason, callbackUrl }: DisableSubscriptionRequest): Disabling {
  assertKey("callback_url", callbackUrl, MAX_URL_CHARS);
  return { id: requireField("id", id), reason, ...(callbackUrl === "" ? {} : { callbackUrl }) };
}

/** @throws {RpcError} `invalid_argument` also for a mask that is missing or names what can't be updated */
export function decodeUpdate(request: UpdateSubscriptionRequest): Update {
  const message = requireField("subscription", request.subscription);
  const id = requireField("subscription.id", message.id);
  const paths = requireField("update_mask", request.updateMask?.length ? request.updateMask : undefined);
  const fields = readMask(paths, UPDATABLE);
  const { settings, violations } = decodeSettings(message);
  // What is not updated may be anything.
  const relevant = violations.filter(({ field }) => paths.some((path) => field.startsWith(`subscription.${path}`)));
  if (relevant.length > 0) throw RpcError.invalid(relevant);
  return { id, changes: pick(settings, fields) };
}
