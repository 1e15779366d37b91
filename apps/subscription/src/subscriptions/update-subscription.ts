import {
  checkSettings,
  type Consent,
  decide,
  isLive,
  isUnverified,
  type LiveSubscription,
  type Subscription,
  type SubscriptionSettings,
} from "@postrider/domain-subscription";
import { RpcError } from "@postrider/kit-rpc";
import { asRpcError, askCallbackUrl, verifyAtOnce } from "../ownership/verify-subscription.ts";
import { decideOnStream } from "../store/decide-on-stream.ts";
import { subscriptionAggregate, subscriptionStream } from "../store/subscription-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import { assertLive } from "./assert-live.ts";
import { checkSurroundings, rejectAlso, type Wanted } from "./check-surroundings.ts";
import { findSubscription } from "./find-subscription.ts";
import { keepSecretOf, type MadeSigningKey, makeSigningKey } from "./make-signing-key.ts";

export interface Update {
  readonly id: string;
  readonly changes: Partial<SubscriptionSettings>;
}

/** A subscription, and the secret that was made for it, if one was; it is not told again. */
export interface Updated {
  readonly subscription: LiveSubscription;
  readonly secret: string | undefined;
}

/**
 * Changes settings; deliveries that are under way go by the new ones. Another kind of signature comes with a new secret.
 * Another callback URL is asked first, if the platform wants that: as long as nobody there agrees, all stays as it is.
 * @throws {RpcError} naming what is wrong
 */
export async function updateSubscription(deps: SubscriptionDeps, { id, changes }: Update): Promise<Updated> {
  const made = makeKeyFor(deps, changes);
  const consent = await obtainConsent(deps, { id, changes });
  const command = {
    ...({ kind: "update", changes, mustVerify: deps.urlVerifier !== undefined } as const),
    ...{ ...(made && { key: made.key }), ...(consent && { consent }), atMs: deps.clock.nowMs() },
  };
  const state = await decideOnStream(deps, subscriptionAggregate, {
    stream: subscriptionStream(id),
    decide: async (before) =>
      rejectAlso(decide(command, before), await checkSurroundings(deps, selectNew(changes, before))),
    alongside: (events) => keepSecretOf(deps, made, events),
  });
  const subscription = await verifyAtOnce(deps, assertLive(state));
  const isTaken = subscription.keys[0]?.id === made?.key.id;
  return { subscription, secret: isTaken ? made?.secret : undefined };
}

/**
 * Of whoever is at the new callback URL; undefined where it need not be asked, or the update is refused anyway.
 * @throws {RpcError} `failed_precondition` when nobody there agrees; `resource_exhausted`
 */
async function obtainConsent(deps: SubscriptionDeps, { id, changes }: Update): Promise<Consent | undefined> {
  const { callbackUrl } = changes;
  if (!deps.urlVerifier || callbackUrl === undefined) return undefined;
  const before = await findSubscription(deps, id);
  if (!before || callbackUrl === before.settings.callbackUrl || isUnverified(before)) return undefined;
  const settings = { ...before.settings, ...changes };
  const violations = [...checkSettings(settings), ...(await checkSurroundings(deps, selectNew(changes, before)))];
  if (violations.length > 0) return undefined;
  const outcome = await askCallbackUrl(deps, { ...before, settings });
  if (outcome.kind === "exhausted") throw asRpcError(outcome);
  if (outcome.kind === "agreed") return outcome.consent;
  throw new RpcError("failed_precondition", `nothing was changed: ${outcome.reason}`);
}

/** A key for the kind of signature that the changes ask for. */
function makeKeyFor(deps: SubscriptionDeps, { signature }: Partial<SubscriptionSettings>): MadeSigningKey | undefined {
  if (signature === undefined) return undefined;
  const outcome = makeSigningKey(deps, { kind: signature });
  if (outcome.kind === "wrong") throw new Error(`a fresh key for ${signature} is none: ${outcome.description}`);
  return outcome.made;
}

/** What was let in once stays allowed, so that a stricter policy does not stand in the way of other changes. */
function selectNew({ callbackUrl, eventTypes }: Partial<SubscriptionSettings>, before: Subscription): Wanted {
  const settings = isLive(before) ? before.settings : undefined;
  return {
    ...(callbackUrl === undefined || callbackUrl === settings?.callbackUrl ? {} : { callbackUrl }),
    // Known ones become empty names, not fewer: the others keep their places, which violations tell.
    ...(eventTypes && { eventTypes: eventTypes.map((name) => (settings?.eventTypes.includes(name) ? "" : name)) }),
  };
}
