import { decide, type LiveSubscription, type SubscriptionSettings } from "@postrider/domain-subscription";
import { RpcError } from "@postrider/kit-rpc";
import { verifyAtOnce } from "../ownership/verify-subscription.ts";
import { decideOnStream } from "../store/decide-on-stream.ts";
import { subscriptionAggregate, subscriptionStream } from "../store/subscription-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import { assertLive } from "./assert-live.ts";
import { checkSurroundings, rejectAlso } from "./check-surroundings.ts";
import { createSubscriptionId } from "./create-subscription-id.ts";
import { keepSecretOf, makeSigningKey } from "./make-signing-key.ts";

/** A new subscription as its tenant asks for it. */
export interface Registration {
  readonly tenantId: string;
  readonly settings: SubscriptionSettings;
  /** A signing secret that its receiver has already; one is made if absent. */
  readonly secret?: string;
}

/** A subscription with the secret that was made for it just now; it is not told again. */
export interface WithNewSecret {
  readonly subscription: LiveSubscription;
  readonly secret: string;
}

/**
 * Makes a subscription with a secret of its own: an active one, or a pending one whose callback URL is asked at once.
 * @throws {RpcError} naming each field that is wrong
 */
export async function registerSubscription(
  deps: SubscriptionDeps,
  { tenantId, settings, secret }: Registration,
): Promise<WithNewSecret> {
  const atMs = deps.clock.nowMs();
  const id = createSubscriptionId(atMs, deps.randomBytes);
  const outcome = makeSigningKey(deps, { kind: settings.signature, secret });
  if (outcome.kind === "wrong") {
    throw RpcError.invalid([{ field: "subscription.secret", description: outcome.description }]);
  }
  const { made } = outcome;
  const violations = await checkSurroundings(deps, settings);
  const mustVerify = deps.urlVerifier !== undefined;
  const command = { kind: "create", id, tenantId, settings, key: made.key, mustVerify, atMs } as const;
  const state = await decideOnStream(deps, subscriptionAggregate, {
    stream: subscriptionStream(id),
    decide: (before) => rejectAlso(decide(command, before), violations),
    alongside: (events) => keepSecretOf(deps, made, events),
  });
  return { subscription: await verifyAtOnce(deps, assertLive(state)), secret: made.secret };
}
