import {
  decide,
  isLive,
  type LiveSubscription,
  type Subscription,
  type SubscriptionSettings,
} from "@postrider/domain-subscription";
import { decideOnStream } from "../store/decide-on-stream.ts";
import { subscriptionAggregate, subscriptionStream } from "../store/subscription-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import { assertLive } from "./assert-live.ts";
import { checkSurroundings, rejectAlso, type Wanted } from "./check-surroundings.ts";
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
 * @throws {RpcError} naming what is wrong
 */
export async function updateSubscription(deps: SubscriptionDeps, { id, changes }: Update): Promise<Updated> {
  const made = makeKeyFor(deps, changes);
  const command = { kind: "update", changes, ...(made && { key: made.key }), atMs: deps.clock.nowMs() } as const;
  const state = await decideOnStream(deps, subscriptionAggregate, {
    stream: subscriptionStream(id),
    decide: async (before) =>
      rejectAlso(decide(command, before), await checkSurroundings(deps, selectNew(changes, before))),
    alongside: (events) => keepSecretOf(deps, made, events),
  });
  const subscription = assertLive(state);
  const isTaken = subscription.keys[0]?.id === made?.key.id;
  return { subscription, secret: isTaken ? made?.secret : undefined };
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
