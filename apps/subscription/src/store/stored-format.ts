import type { NewEvent, StoredEvent } from "@postrider/kit-event-store";

/**
 * How an event of ours stands in the store: its kind is the type; the data are its other fields, and the number of the
 * format. A format that was ever written is read forever: a new one gets a new number, and an upcaster from the one
 * before.
 */
export interface StoredFormats {
  /** By kind: what is written now. 1 is the first. */
  readonly current: Readonly<Record<string, number>>;
  /** By kind and format, as `kind@1`: the fields in the next format. */
  readonly upcasters?: Readonly<Record<string, Upcaster>>;
}

type Fields = Readonly<Record<string, unknown>>;
export type Upcaster = (fields: Fields, stored: StoredEvent) => Fields;

export function encodeStored({ kind, ...fields }: { readonly kind: string }, { current }: StoredFormats): NewEvent {
  return { type: kind, data: { format: current[kind], ...fields } };
}

/**
 * The event's fields with its kind.
 * @throws Error when it is of a kind or format that is not known, as after a downgrade
 */
export function decodeStored(stored: StoredEvent, { current, upcasters = {} }: StoredFormats): unknown {
  const { format, ...fields } = stored.data as Fields;
  const wanted = current[stored.type] ?? 0;
  if (typeof format !== "number" || !(format >= 1 && format <= wanted)) {
    const what = `${stored.type} in format ${String(format)}`;
    throw new Error(`event ${stored.version} of ${stored.stream} is ${what}, which this release can't read`);
  }
  let upcast: Fields = fields;
  for (let from = format; from < wanted; from++) {
    upcast = upcasters[`${stored.type}@${from}`]?.(upcast, stored) ?? upcast;
  }
  return { kind: stored.type, ...upcast };
}

/** Whether it stands in the store as it would be written now. */
export function isCurrentFormat(stored: StoredEvent, { current }: StoredFormats): boolean {
  return (stored.data as Fields)["format"] === current[stored.type];
}
