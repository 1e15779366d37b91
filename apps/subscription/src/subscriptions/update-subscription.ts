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

export interface Update {
  readonly id: string;
  readonly changes: Partial<SubscriptionSettings>;
}

/** Changes settings; deliveries that are under way go by the new ones. @throws {RpcError} naming what is wrong */
export async function updateSubscription(deps: SubscriptionDeps, { id, changes }: Update): Promise<LiveSubscription> {
  const command = { kind: "update", changes, atMs: deps.clock.nowMs() } as const;
  const state = await decideOnStream(deps, subscriptionAggregate, {
    stream: subscriptionStream(id),
    decide: async (before) =>
      rejectAlso(decide(command, before), await checkSurroundings(deps, selectNew(changes, before))),
  });
  return assertLive(state);
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
