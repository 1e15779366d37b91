import type { Event } from "@postrider/domain-event";
import { isJsonContentType } from "@postrider/domain-event";
import type { Endpoint, PayloadFormat } from "../endpoint.ts";

/** A payload as it is sent and signed. */
export interface Envelope {
  readonly contentType: string;
  readonly body: Uint8Array;
}

const JSON_TYPE = "application/json";
const CLOSE = Buffer.from("}");

/**
 * The body of a delivery. JSON data is spliced in byte for byte: it was checked at publish and is not parsed again. Data
 * that is not JSON stands in `data_base64`, as CloudEvents does it.
 */
export function encodeEnvelope(event: Event, { format, url }: Pick<Endpoint, "format" | "url">): Envelope {
  switch (format) {
    case "raw":
      return { contentType: event.contentType, body: event.data };
    case "standard":
      return { contentType: JSON_TYPE, body: splice(encodeHead(event, standardHead(event)), event) };
    case "platform":
      return { contentType: JSON_TYPE, body: splice(encodeHead(event, platformHead(event, url)), event) };
  }
}

/** The same envelope as the pairs of a query string, for methods that carry no body. */
export function encodeQuery(event: Event, { format, url }: { format: PayloadFormat; url: string }): string {
  const data = isJsonContentType(event.contentType)
    ? { data: Buffer.from(event.data).toString("utf8") }
    : { data_base64: Buffer.from(event.data).toString("base64") };
  const heads = { raw: {}, standard: standardHead(event), platform: platformHead(event, url) };
  return new URLSearchParams({ ...heads[format], ...data }).toString();
}

/** Standard Webhooks 1.0: type, timestamp of the event, data. */
function standardHead(event: Event): Record<string, string> {
  return { type: event.type, timestamp: new Date(event.timeMs).toISOString() };
}

/** The envelope that receivers of open platforms read. */
function platformHead(event: Event, url: string): Record<string, string> {
  const timestamp = new Date(event.timeMs).toISOString();
  return { event: event.type, event_id: event.id, timestamp, callback_url: url };
}

function encodeHead({ contentType }: Event, head: Record<string, string>): Buffer {
  const fields = JSON.stringify(head).slice(0, -1);
  return Buffer.from(`${fields},${isJsonContentType(contentType) ? '"data":' : '"data_base64":'}`);
}

function splice(head: Buffer, { data, contentType }: Event): Buffer {
  if (isJsonContentType(contentType)) return Buffer.concat([head, data, CLOSE]);
  return Buffer.concat([head, Buffer.from(`"${Buffer.from(data).toString("base64")}"`), CLOSE]);
}
