/** A field that broke its bound. `field` is the path in the request, such as `event.tenant_id`. */
export interface Violation {
  readonly field: string;
  /** Names the value, shortened, and the bound. For people. */
  readonly description: string;
}

const SHOWN_CHARS = 64;

/** The text in quotes for a message: escaped, and cut to 64 characters. */
export function quote(text: string): string {
  return JSON.stringify(text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS - 1)}…` : text);
}
