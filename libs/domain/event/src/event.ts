/** Bytes of data that one event may carry: 256 KiB. */
export const MAX_EVENT_DATA_BYTES = 262_144;

/** One fact that happened, as accepted. Immutable. Every field passed {@link checkEvent}, so each is safe in a header. */
export interface Event {
  /** The same on every attempt: receivers drop duplicates by it. */
  readonly id: string;
  readonly tenantId: string;
  readonly type: string;
  /** Who says so: a URI reference. */
  readonly source: string;
  /** When it happened (t_e), milliseconds since the epoch. */
  readonly timeMs: number;
  /** When it became durable here, milliseconds since the epoch. */
  readonly acceptedAtMs: number;
  /** A media type (RFC 9110 section 8.3.1). */
  readonly contentType: string;
  /** Events of one key stay in one partition. */
  readonly orderingKey?: string;
  /** Carried byte for byte. */
  readonly data: Uint8Array;
}
