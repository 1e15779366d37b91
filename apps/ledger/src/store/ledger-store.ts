import type { AttemptRow, DeliveryRow, DeliveryRowState, EventRow } from "./ledger-schema.ts";
import type { LedgerEntry } from "./ledger-entry.ts";

/** Where the ledger keeps what it reads from the log: one on SQLite, one on PostgreSQL, one conformance suite. */
export interface LedgerStore extends LedgerQueries {
  /**
   * Adds the entries in one transaction, durable when it resolves. Entries may come in any order and more than once:
   * what stands there after a set of them is the same.
   * @throws {LedgerStoreError}
   */
  readonly add: (entries: readonly LedgerEntry[]) => Promise<Added>;
  /** Removes what is about events that were accepted before, as far as the store can tell them apart. @throws {LedgerStoreError} */
  readonly removeBefore: (timeMs: number, signal: AbortSignal) => Promise<void>;
  /** Makes room ahead for what is accepted between these times. @throws {LedgerStoreError} */
  readonly prepare: (fromMs: number, untilMs: number) => Promise<void>;
}

/** Rows that were not there before. */
export interface Added {
  readonly events: number;
  readonly attempts: number;
}

/** What the API asks. `tenantId` undefined: of all. @throws {LedgerStoreError} */
export interface LedgerQueries {
  readonly findEvent: (key: KeyAsked) => Promise<EventRow | undefined>;
  readonly findDelivery: (key: KeyAsked) => Promise<DeliveryRow | undefined>;
  /** The last ones, in the order in which they were made. */
  readonly listAttempts: (delivery: AttemptsAsked) => Promise<readonly AttemptRow[]>;
  /** Newest first, without data. */
  readonly listEvents: (asked: EventsAsked) => Promise<readonly ListedEventRow[]>;
  /** Newest first. */
  readonly listDeliveries: (asked: DeliveriesAsked) => Promise<readonly DeliveryRow[]>;
}

export type ListedEventRow = Omit<EventRow, "data">;

export interface KeyAsked {
  readonly id: string;
  readonly tenantId: string | undefined;
  /** Undefined: the last one of the id. */
  readonly acceptedAtMs: number | undefined;
}

interface AttemptsAsked {
  readonly deliveryId: string;
  readonly acceptedAtMs: number;
  readonly limit: number;
}

/** Where a page begins: behind this row. */
export interface PageKey {
  readonly acceptedAtMs: number;
  readonly id: string;
}

interface PageOfTime {
  readonly tenantId: string | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly after: PageKey | undefined;
  readonly limit: number;
}

export interface EventsAsked extends PageOfTime {
  readonly type: string | undefined;
}

export interface DeliveriesAsked extends PageOfTime {
  readonly subscriptionId: string | undefined;
  readonly eventId: string | undefined;
  readonly state: DeliveryRowState | undefined;
}

/** `unavailable`: try again later; `refused`: with these rows, or this query, it can't ever work. */
export type LedgerStoreErrorCode = "unavailable" | "refused";

export class LedgerStoreError extends Error {
  override readonly name = "LedgerStoreError";
  readonly code: LedgerStoreErrorCode;

  constructor(code: LedgerStoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
