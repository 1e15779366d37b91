import {
  decide,
  type LiveSubscription,
  type Subscription,
  type SubscriptionCommand,
} from "@postrider/domain-subscription";
import { verifyAtOnce } from "../ownership/verify-subscription.ts";
import { decideOnStream } from "../store/decide-on-stream.ts";
import { subscriptionAggregate, subscriptionStream } from "../store/subscription-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import { assertLive } from "./assert-live.ts";

type Deps = Pick<SubscriptionDeps, "store" | "database" | "clock">;

/** Holds its deliveries. @throws {RpcError} `not_found`; `failed_precondition` when it is disabled or pending */
export async function pauseSubscription(deps: Deps, id: string): Promise<LiveSubscription> {
  return assertLive(await change(deps, id, { kind: "pause", atMs: deps.clock.nowMs() }));
}

/**
 * Lets a paused or disabled one go again; one where nobody has agreed yet is asked at once.
 * @throws {RpcError} `not_found`; `failed_precondition` when it is pending
 */
export async function resumeSubscription(
  deps: Deps & Pick<SubscriptionDeps, "sealer" | "urlVerifier">,
  id: string,
): Promise<LiveSubscription> {
  return await verifyAtOnce(deps, assertLive(await change(deps, id, { kind: "resume", atMs: deps.clock.nowMs() })));
}

export interface Disabling {
  readonly id: string;
  readonly reason: string;
  /** Only while the subscription has this callback URL; whatever it has, if absent. */
  readonly callbackUrl?: string;
}

/** Stops its deliveries until it is resumed. @throws {RpcError} `not_found`; `invalid_argument` for the reason */
export async function disableSubscription(deps: Deps, { id, ...why }: Disabling): Promise<LiveSubscription> {
  return assertLive(await change(deps, id, { kind: "disable", ...why, atMs: deps.clock.nowMs() }));
}

/** Ends it for good; its history stays. @throws {RpcError} `not_found` */
export async function deleteSubscription(deps: Deps, id: string): Promise<void> {
  await change(deps, id, { kind: "delete", atMs: deps.clock.nowMs() });
}

async function change(deps: Deps, id: string, command: SubscriptionCommand): Promise<Subscription> {
  return await decideOnStream(deps, subscriptionAggregate, {
    stream: subscriptionStream(id),
    decide: (state) => decide(command, state),
  });
}
