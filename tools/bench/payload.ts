// The payload that everything here carries: an order of exactly 1 KiB with the time of publishing in it.
import { epochUs } from "./protocol.ts";

export const eventType = "order_paid";

/** Tenants are numbered from 0; each has one subscription. */
export function nameTenant(tenant: number): string {
  return `bench-${tenant}`;
}

/** JSON Schema of the payload, so that the platform validates what it would validate in earnest. */
export const schema = JSON.stringify({
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  required: ["published_us", "order_id", "amount_cents", "currency", "items"],
  properties: {
    published_us: { type: "integer", minimum: 0 },
    order_id: { type: "string", pattern: "^ord_[0-9a-z]+$" },
    amount_cents: { type: "integer", minimum: 0 },
    currency: { type: "string", enum: ["EUR", "USD", "CNY"] },
    items: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        required: ["sku", "quantity"],
        properties: { sku: { type: "string" }, quantity: { type: "integer", minimum: 1 } },
      },
    },
    note: { type: "string" },
  },
});

const payloadBytes = 1024;
const marker = '"published_us":';
/** Microseconds since the epoch have 16 digits until the year 2286. */
const digits = 16;

const head = `{${marker}`;
const order = `,"order_id":"ord_4f9k2m7x","amount_cents":12999,"currency":"EUR","items":[{"sku":"A-1001","quantity":2}],"note":"`;
const end = '"}';
const tail = order + "x".repeat(payloadBytes - head.length - digits - order.length - end.length) + end;

/** The payload, published now. */
export function createPayload(): string {
  return `${head}${epochUs()}${tail}`;
}

/** The body that the platform makes of it (format STANDARD), for the bare loop to send the same bytes. */
export function createBody(): Buffer {
  return Buffer.from(`{"type":"${eventType}","timestamp":"2025-01-01T00:00:00.000Z","data":${createPayload()}}`);
}

/** The time of publishing in a body of any format, microseconds since the epoch; undefined if there is none. */
export function readPublishedUs(body: Buffer): number | undefined {
  const start = body.indexOf(marker) + marker.length;
  if (start < marker.length) return undefined;
  const published = Number(body.toString("latin1", start, start + digits));
  return Number.isSafeInteger(published) ? published : undefined;
}
