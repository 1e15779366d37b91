import type { Event } from "@postrider/domain-event";

/** Content type of a CloudEvent in structured mode: CloudEvents 1.0, HTTP binding, section 3.2.1. */
export const STRUCTURED_TYPE = "application/cloudevents+json; charset=utf-8";

/** What the binding lets stand in a header as it is: U+0021 to U+007E less the quotation mark and the percent sign. */
const ENCODED = /[^\x21\x23\x24\x26-\x7E]+/gu;

/** The context attributes of CloudEvents 1.0, content type aside: each format carries that in its own way. */
export function attributesOf({ id, source, type, timeMs }: Event): Record<string, string> {
  return { specversion: "1.0", id, source, type, time: new Date(timeMs).toISOString() };
}

/** The attributes as headers of the binary mode: HTTP binding, section 3.1.3. */
export function attributeHeadersOf(event: Event): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(attributesOf(event))) headers[`ce-${name}`] = encodeHeaderValue(value);
  return headers;
}

/**
 * Percent-encodes what may not stand in a header, as upper-case hexadecimal UTF-8: HTTP binding, section 3.1.3.2. A
 * percent sign too, so that a receiver that decodes once has the value exactly. Surrogates without their other half,
 * which no UTF-8 has, become U+FFFD.
 */
export function encodeHeaderValue(value: string): string {
  return value.replace(ENCODED, (text) => {
    let encoded = "";
    for (const byte of Buffer.from(text)) encoded += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    return encoded;
  });
}
