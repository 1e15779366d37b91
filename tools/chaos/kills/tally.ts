// What was promised and what came: every accepted event, every request of every delivery, with times.
import { createWatchers } from "@postrider/testing";
import { createGapWatch } from "./gap-watch.ts";

/** One request that a receiver got. */
interface Receipt {
  readonly atMs: number;
  /** Answered with 200; anything else asks for a retry. */
  readonly isTaken: boolean;
}

export interface EventFate {
  readonly id: string;
  readonly tenantId: string;
  /** Undefined as long as nobody promised anything. */
  acceptedAtMs?: number;
  /** By subscription, in the order of arrival. */
  readonly receipts: Map<string, Receipt[]>;
}

/** A delivery that had been taken already. */
export interface Repetition {
  readonly fate: EventFate;
  readonly subscription: string;
  readonly atMs: number;
}

export interface Loss {
  readonly id: string;
  readonly subscription: string;
  readonly acceptedAtMs: number;
}

export interface Tally {
  readonly accepted: () => number;
  /** Deliveries that were taken at least once. */
  readonly received: () => number;
  /** Deliveries that are due: accepted events by the subscriptions of their tenants. */
  readonly promised: () => number;
  readonly repetitions: readonly Repetition[];
  /** The longest time without a receipt that ends or lasts after `sinceMs`. */
  readonly longestGapMs: (sinceMs: number, untilMs: number) => number;
  readonly noteAccepted: (event: { readonly id: string; readonly tenantId: string }, atMs: number) => void;
  readonly noteReceipt: (subscription: string, id: string, receipt: Receipt) => void;
  readonly findLost: () => readonly Loss[];
  /**
   * Resolves when every promised delivery was taken. What an endpoint had no room for comes later, at the rate that it
   * takes, so it is waited for as long as something comes. @throws Error that names some that did not, after `quietMs`
   */
  readonly untilAllReceived: (quietMs: number) => Promise<void>;
}

/** @param subscriptions those of each tenant, by name */
export function createTally(subscriptions: Readonly<Record<string, readonly string[]>>): Tally {
  const fates = new Map<string, EventFate>();
  const repetitions: Repetition[] = [];
  const gaps = createGapWatch();
  const watchers = createWatchers();
  let [accepted, promised, received, missing] = [0, 0, 0, 0];

  function fateOf(id: string, tenantId: string): EventFate {
    let fate = fates.get(id);
    if (!fate) fates.set(id, (fate = { id, tenantId, receipts: new Map() }));
    return fate;
  }

  const findLost = (): readonly Loss[] => findUntaken(fates.values(), subscriptions);

  function describeMissing(): string {
    return `${missing} deliveries are missing, such as ${JSON.stringify(findLost().slice(0, 3))}`;
  }

  return {
    accepted: () => accepted,
    received: () => received,
    promised: () => promised,
    repetitions,
    longestGapMs: gaps.longestMs,
    noteAccepted: ({ id, tenantId }, atMs) => {
      const fate = fateOf(id, tenantId);
      if (fate.acceptedAtMs !== undefined) return;
      fate.acceptedAtMs = atMs;
      accepted++;
      for (const subscription of subscriptions[tenantId] ?? []) {
        promised++;
        if (!isTaken(fate.receipts.get(subscription))) missing++;
      }
    },
    noteReceipt: (subscription, id, receipt) => {
      gaps.note(receipt.atMs);
      const tenantId = Object.keys(subscriptions).find((tenant) => subscriptions[tenant]?.includes(subscription));
      const fate = fateOf(id, tenantId ?? "");
      const receipts = fate.receipts.get(subscription) ?? [];
      fate.receipts.set(subscription, receipts);
      if (isTaken(receipts)) repetitions.push({ fate, subscription, atMs: receipt.atMs });
      else if (receipt.isTaken) {
        received++;
        if (fate.acceptedAtMs !== undefined) missing--;
      }
      receipts.push(receipt);
      if (missing === 0) watchers.changed();
    },
    findLost,
    untilAllReceived: async (quietMs) => {
      for (let before = -1; missing > 0 && before < received;) {
        before = received;
        await watchers.waitUntil(() => missing === 0, describeMissing, quietMs).catch(() => undefined);
      }
      if (missing > 0) throw new Error(`nothing came for ${quietMs} ms, and ${describeMissing()}`);
    },
  };
}

function findUntaken(fates: Iterable<EventFate>, subscriptions: Readonly<Record<string, readonly string[]>>): Loss[] {
  return [...fates].flatMap(({ id, tenantId, acceptedAtMs, receipts }) =>
    acceptedAtMs === undefined
      ? []
      : (subscriptions[tenantId] ?? []).flatMap((subscription) =>
          isTaken(receipts.get(subscription)) ? [] : [{ id, subscription, acceptedAtMs }],
        ),
  );
}

function isTaken(receipts: readonly Receipt[] | undefined): boolean {
  return receipts?.some((receipt) => receipt.isTaken) ?? false;
}
