import type { Event } from "@postrider/domain-event";
import { isJsonContentType } from "@postrider/domain-event";
import type { Endpoint, PayloadFormat } from "../endpoint.ts";
import { attributeHeadersOf, attributesOf, STRUCTURED_TYPE } from "./cloudevents.ts";

/** A payload as it is sent and signed. */
export interface Envelope {
  readonly contentType: string;
  readonly body: Uint8Array;
  /** Stand in headers instead of the body; the signature does not cover them. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The formats that can be carried without a body: the CloudEvents HTTP binding knows no query string. */
export type QueryFormat = Exclude<PayloadFormat, `cloudevents_${string}`>;

const JSON_TYPE = "application/json";
const CLOSE = 0x7d;

/**
 * The body of a delivery. JSON data is spliced in byte for byte: it was checked at publish and is not parsed again. Data
 * that is not JSON stands in `data_base64`, as CloudEvents does it.
 */
export function encodeEnvelope(event: Event, { format, url }: Pick<Endpoint, "format" | "url">): Envelope {
  switch (format) {
    case "raw":
      return { contentType: event.contentType, body: event.data };
    case "standard":
      return { contentType: JSON_TYPE, body: splice(standardHead(event), event) };
    case "platform":
      return { contentType: JSON_TYPE, body: splice(platformHead(event, url), event) };
    case "cloudevents_binary":
      return { contentType: event.contentType, body: event.data, headers: attributeHeadersOf(event) };
    case "cloudevents_structured":
      return { contentType: STRUCTURED_TYPE, body: splice(structuredHead(event), event) };
  }
}

/** Whether {@link encodeQuery} can carry it. */
export function isQueryFormat(format: PayloadFormat): format is QueryFormat {
  return format !== "cloudevents_binary" && format !== "cloudevents_structured";
}

/** The same envelope as the pairs of a query string, for methods that carry no body. */
export function encodeQuery(event: Event, { format, url }: { format: QueryFormat; url: string }): string {
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

/** CloudEvents 1.0, JSON event format. */
function structuredHead(event: Event): Record<string, string> {
  return { ...attributesOf(event), datacontenttype: event.contentType };
}

/** The fields, and behind them the data: one buffer, written once, since every delivery makes one. */
function splice(head: Record<string, string>, { data, contentType }: Event): Buffer {
  const fields = JSON.stringify(head).slice(0, -1);
  if (!isJsonContentType(contentType)) {
    return Buffer.from(`${fields},"data_base64":"${Buffer.from(data).toString("base64")}"}`);
  }
  const front = `${fields},"data":`;
  const frontBytes = Buffer.byteLength(front);
  const body = Buffer.allocUnsafe(frontBytes + data.byteLength + 1);
  body.write(front);
  body.set(data, frontBytes);
  body[body.length - 1] = CLOSE;
  return body;
}
