import type { Cancel, Clock } from "@postrider/kit-lifecycle";

/** What has a deadline. */
export interface Expiring {
  readonly expire: () => void;
}

/**
 * Deadlines of many things with one timer. Coarse: `expire` is called at the deadline or up to two ticks later,
 * never before. The timer runs only while something has a deadline.
 */
export interface DeadlineWheel {
  /** Starts a deadline `timeoutMs` after `nowUs` (the clock's monotonic time). Returns the slot, for {@link DeadlineWheel.remove}. */
  readonly add: (item: Expiring, nowUs: number, timeoutMs: number) => number;
  /** Forgets a deadline; does nothing if it has passed. */
  readonly remove: (item: Expiring, slot: number) => void;
  /** Forgets all deadlines and the timer. */
  readonly stop: () => void;
}

/** Creates a wheel. Its slots are sparse: there are as many as there are different deadlines, counted in ticks. */
export function createDeadlineWheel(clock: Clock, tickMs: number): DeadlineWheel {
  const slots = new Map<number, Set<Expiring>>();
  let cancelTick: Cancel | undefined;

  const tick = (): void => {
    cancelTick = undefined;
    const nowSlot = Math.floor(clock.monotonicUs() / 1000 / tickMs);
    for (const [slot, items] of slots) {
      if (slot > nowSlot) continue;
      // An item that expires may remove others: they stay removable until it is their turn.
      for (const item of items) item.expire();
      slots.delete(slot);
    }
    arm();
  };
  // Not cancelled when the last deadline is removed: at a low rate that would be a timer per deadline again.
  const arm = (): void => {
    if (slots.size > 0) cancelTick ??= clock.after(tickMs, tick);
  };

  return {
    add: (item, nowUs, timeoutMs) => {
      const slot = Math.floor((nowUs / 1000 + timeoutMs) / tickMs) + 1;
      const items = slots.get(slot);
      if (items === undefined) slots.set(slot, new Set([item]));
      else items.add(item);
      arm();
      return slot;
    },
    remove: (item, slot) => {
      const items = slots.get(slot);
      if (items?.delete(item) === true && items.size === 0) slots.delete(slot);
    },
    stop: () => {
      cancelTick?.();
      cancelTick = undefined;
      slots.clear();
    },
  };
}
