import type { ConsumerGroup } from "../kafkajs-internals.ts";

/**
 * Fault: when the broker that coordinates the group dies, heartbeats and commits go on to the dead connection until
 * their retries end; then the consumer crashes and joins anew (13 to 30 s without reading, and thousands of repetitions).
 * Upstream: no issue found; see kafkajs's consumer/consumerGroup.js, which asks for the coordinator only when it joins.
 * Shown: three nodes, the coordinator killed: with the mend no crash, 4 to 5.5 s.
 */
export interface BeatingGroup extends ConsumerGroup {
  heartbeat: (options: { readonly interval: number }) => Promise<void>;
}

/** A look-up serves everything that fails within this time. */
const MIN_BETWEEN_LOOKUPS_MS = 250;

const lookups = new WeakMap<ConsumerGroup, { readonly atMs: number; readonly done: Promise<void> }>();

export function mendDeadCoordinator({ prototype }: { readonly prototype: BeatingGroup }): void {
  const heartbeat = prototype.heartbeat;
  prototype.heartbeat = async function (this: BeatingGroup, options) {
    try {
      await heartbeat.call(this, options);
    } catch (error) {
      if (mayHaveMoved(error)) await findCoordinatorAgain(this);
      throw error;
    }
  };
}

/** Whether an error of a request to the coordinator may mean that it is another node now. */
export function mayHaveMoved(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { name, cause } = error;
  const type = "type" in error ? String(error.type) : "";
  return (
    /^KafkaJS(Connection|RequestTimeout|BrokerNotFound|NumberOfRetries)/.test(name) ||
    type === "NOT_COORDINATOR_FOR_GROUP" ||
    type === "GROUP_COORDINATOR_NOT_AVAILABLE" ||
    mayHaveMoved(cause)
  );
}

/** Never throws: whoever needs the coordinator fails again, and asks again. */
export async function findCoordinatorAgain(group: ConsumerGroup): Promise<void> {
  const nowMs = performance.now();
  const last = lookups.get(group);
  if (last !== undefined && nowMs - last.atMs < MIN_BETWEEN_LOOKUPS_MS) return last.done;
  const done = lookUp(group);
  lookups.set(group, { atMs: nowMs, done });
  return done;
}

async function lookUp(group: ConsumerGroup): Promise<void> {
  try {
    const coordinator = await group.cluster.findGroupCoordinator({ groupId: group.groupId });
    group.coordinator = coordinator;
    if (group.offsetManager) group.offsetManager.coordinator = coordinator;
  } catch {
    // The cluster has none yet: the next heartbeat or commit asks again.
  }
}
