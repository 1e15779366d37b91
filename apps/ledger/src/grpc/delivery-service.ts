import type { DeliveryServiceServer } from "@postrider/contracts/postrider/v1/delivery";
import { quote } from "@postrider/domain-event";
import { type Caller, encodePageToken, RpcError } from "@postrider/kit-rpc";
import type { LedgerQueries } from "../store/ledger-store.ts";
import { answer } from "./answer.ts";
import {
  decodeDeliveryFilter,
  decodeDeliveryKey,
  decodeEventFilter,
  decodeEventKey,
  decodePageOfRows,
  encodePageKey,
  type ListFilter,
} from "./decode-requests.ts";
import { encodeAttempt, encodeDelivery, encodeEvent, encodeListedEvent } from "./encode-rows.ts";

/** Of up to 1 KiB of an answer and 2 KiB of a URL each: within the 4 MiB that a client takes by default. */
const MAX_ATTEMPTS = 500;

/** The service of delivery.proto: decodes, asks, encodes. A bound caller sees its own tenant's only. */
export function createDeliveryService(ledger: LedgerQueries): DeliveryServiceServer {
  return {
    getEvent: answer(async (request, { boundTo: tenantId }) => {
      const found = await ledger.findEvent({ ...decodeEventKey(request), tenantId });
      return { event: encodeEvent(requireFound("event", request, found)) };
    }),
    listEvents: answer(async (request, caller) => {
      const filter = ownPart(decodeEventFilter(request), caller);
      const scope = scopeOf("events", filter);
      const { pageSize, after } = decodePageOfRows(request, scope);
      if (isOfOthers(filter, caller)) return { events: [], nextPageToken: "" };
      const page = cutPage(await ledger.listEvents({ ...filter, after, limit: pageSize + 1 }), pageSize);
      return { events: page.rows.map(encodeListedEvent), nextPageToken: encodePageToken(page.nextAfter, scope) };
    }),
    getDelivery: answer(async (request, { boundTo: tenantId }) => {
      const found = await ledger.findDelivery({ ...decodeDeliveryKey(request), tenantId });
      const row = requireFound("delivery", request, found);
      const key = { deliveryId: row.id, acceptedAtMs: row.accepted_at_ms, limit: MAX_ATTEMPTS };
      return { delivery: encodeDelivery(row), attempts: (await ledger.listAttempts(key)).map(encodeAttempt) };
    }),
    listDeliveries: answer(async (request, caller) => {
      const filter = ownPart(decodeDeliveryFilter(request), caller);
      const scope = scopeOf("deliveries", filter);
      const { pageSize, after } = decodePageOfRows(request, scope);
      if (isOfOthers(filter, caller)) return { deliveries: [], nextPageToken: "" };
      const page = cutPage(await ledger.listDeliveries({ ...filter, after, limit: pageSize + 1 }), pageSize);
      return { deliveries: page.rows.map(encodeDelivery), nextPageToken: encodePageToken(page.nextAfter, scope) };
    }),
  };
}

/** What of it the caller may see, if it asked for all tenants. */
function ownPart<Filter extends ListFilter>(filter: Filter, { boundTo }: Caller): Filter {
  return { ...filter, tenantId: filter.tenantId ?? boundTo };
}

/** Another tenant's are as if they were not there. */
function isOfOthers({ tenantId }: ListFilter, { boundTo }: Caller): boolean {
  return boundTo !== undefined && boundTo !== tenantId;
}

/** What is listed, and by which filter: a token goes on with its own list only. */
function scopeOf(what: string, filter: object): string {
  return `${what} ${JSON.stringify(filter)}`;
}

interface CutPage<Row> {
  readonly rows: readonly Row[];
  readonly nextAfter: string | undefined;
}

/** One row more than the page takes tells whether there is a next one. */
function cutPage<Row extends { readonly accepted_at_ms: number; readonly id: string }>(
  found: readonly Row[],
  pageSize: number,
): CutPage<Row> {
  const rows = found.slice(0, pageSize);
  const last = rows.at(-1);
  return { rows, nextAfter: found.length > pageSize && last ? encodePageKey(last) : undefined };
}

/** @throws {RpcError} `not_found` */
function requireFound<Row>(
  what: string,
  { id, acceptTime }: { readonly id: string; readonly acceptTime: Date | undefined },
  row: Row | undefined,
): Row {
  if (row !== undefined) return row;
  const when = acceptTime ? ` that was accepted at ${acceptTime.toISOString()}` : "";
  throw new RpcError("not_found", `there is no ${what} ${quote(id)}${when}, or not yet, or no longer`);
}
