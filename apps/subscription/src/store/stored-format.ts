import type { NewEvent, StoredEvent } from "@postrider/kit-event-store";

/**
 * How an event of ours stands in the store: its kind is the type; the data are its other fields, and the number of the
 * format. A format that was ever written is read forever: a new one gets a new number, and an upcaster here.
 */
const FORMAT = 1;

export function encodeStored({ kind, ...fields }: { readonly kind: string }): NewEvent {
  return { type: kind, data: { format: FORMAT, ...fields } };
}

/**
 * The event's fields with its kind.
 * @throws Error when it is none of `kinds` or of an unknown format, as after a downgrade
 */
export function decodeStored(stored: StoredEvent, kinds: ReadonlySet<string>): unknown {
  const { format, ...fields } = stored.data as { readonly format: unknown };
  if (!kinds.has(stored.type) || format !== FORMAT) {
    const what = `${stored.type} in format ${String(format)}`;
    throw new Error(`event ${stored.version} of ${stored.stream} is ${what}, which this release can't read`);
  }
  return { kind: stored.type, ...fields };
}
