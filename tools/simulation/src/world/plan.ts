import type { ReceiverKind } from "../network/receiver.ts";

/** A stretch of the world's time, milliseconds since the epoch. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A subscription over the whole run: what it is, and what its tenant does with it. */
export interface SubscriptionPlan {
  readonly id: string;
  readonly tenantId: string;
  readonly eventTypes: readonly string[];
  readonly receiver: ReceiverKind;
  /** Attempts at the same time; the default if absent. */
  readonly maxInFlight?: number;
  readonly ratePerSecond?: number;
  readonly retryDelaysMs: readonly number[];
  readonly maxAgeMs?: number;
  readonly timeoutMs: number;
  readonly createdAtMs: number;
  readonly deletedAtMs?: number;
  /** While it is paused. In order, apart. */
  readonly pauses: readonly Span[];
}

export interface TenantPlan {
  readonly id: string;
  /** Events of it come so often on average, in milliseconds. */
  readonly everyMs: number;
  /** Many at once: the most, and how often on average, in milliseconds. */
  readonly burst: { readonly most: number; readonly everyMs: number };
}

/** What a seed makes of a world. */
export interface Plan {
  readonly seed: number;
  readonly span: Span;
  /** From here on nothing goes wrong any more. */
  readonly calmFromMs: number;
  /** From here on nothing is published any more. */
  readonly quietFromMs: number;
  /** Dispatchers that share the work. */
  readonly processes: number;
  /** Of the events, and of each tier of deferred deliveries. */
  readonly partitions: number;
  readonly commitMs: number;
  readonly tenants: readonly TenantPlan[];
  readonly subscriptions: readonly SubscriptionPlan[];
  /** Something goes wrong so often on average, in milliseconds. */
  readonly faultEveryMs: number;
}

export const EVENT_TYPES = ["order.paid", "order.sent"] as const;
