import { decide, type LiveSubscription, type SubscriptionSettings } from "@postrider/domain-subscription";
import { createSigningSecret } from "@postrider/kit-signature";
import { decideOnStream } from "../store/decide-on-stream.ts";
import { subscriptionAggregate, subscriptionStream } from "../store/subscription-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import { assertLive } from "./assert-live.ts";
import { checkSurroundings, rejectAlso } from "./check-surroundings.ts";
import { createSubscriptionId } from "./create-subscription-id.ts";

/** A new subscription as its tenant asks for it. */
export interface Registration {
  readonly tenantId: string;
  readonly settings: SubscriptionSettings;
}

/** Makes an active subscription with a secret of its own. @throws {RpcError} naming each field that is wrong */
export async function registerSubscription(
  deps: SubscriptionDeps,
  { tenantId, settings }: Registration,
): Promise<LiveSubscription> {
  const atMs = deps.clock.nowMs();
  const id = createSubscriptionId(atMs, deps.randomBytes);
  const secret = createSigningSecret(deps.randomBytes);
  const violations = await checkSurroundings(deps, settings);
  const state = await decideOnStream(deps, subscriptionAggregate, {
    stream: subscriptionStream(id),
    decide: (before) =>
      rejectAlso(decide({ kind: "create", id, tenantId, settings, secret, atMs }, before), violations),
  });
  return assertLive(state);
}
