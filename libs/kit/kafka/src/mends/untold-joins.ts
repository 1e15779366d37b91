import type { ConsumerGroup } from "../kafkajs-internals.ts";

/**
 * Fault: kafkajs tells of a rebalance (REBALANCING) on one of the four ways on which a member joins again; on the others,
 * such as after a change of a leader, partitions can move without a word, and nothing can be committed before.
 * Upstream: no issue found; see kafkajs's consumer/runner.js and consumerGroup.js, recoverFromFetch.
 * Shown: a member whose partition's leader changes; the test beside.
 */
export interface JoinHooks {
  /** Before each join, and waited for. False: don't join, the member leaves. */
  readonly joining: (group: ConsumerGroup) => Promise<boolean>;
  /** After each join, before anything is fetched. False: the member leaves again. */
  readonly joined: (group: ConsumerGroup) => boolean;
}

export interface JoiningGroup extends ConsumerGroup {
  joinAndSync: () => Promise<void>;
}

const hooksKey = Symbol.for("postrider.joinHooks");

type Hooked = object & { [hooksKey]?: JoinHooks };

/** Whoever joins on this cluster object (each consumer has one of its own) is watched. */
export function watchJoins(cluster: Hooked, hooks: JoinHooks): void {
  cluster[hooksKey] = hooks;
}

/** `createStop` makes the error that ends a consumer for good. */
export function mendUntoldJoins(
  { prototype }: { readonly prototype: JoiningGroup },
  createStop: (message: string) => Error,
): void {
  const joinAndSync = prototype.joinAndSync;
  prototype.joinAndSync = async function (this: JoiningGroup) {
    const hooks = (this.cluster as Hooked)[hooksKey];
    if (hooks === undefined) {
      await joinAndSync.call(this);
      return;
    }
    if (!(await hooks.joining(this))) throw createStop(leftOnPurpose);
    await joinAndSync.call(this);
    if (hooks.joined(this)) return;
    // A member that nobody waits for should not hold partitions until its session ends.
    await this.leave().catch(() => undefined);
    throw createStop(leftOnPurpose);
  };
}

export const leftOnPurpose = "left the group on purpose";
