import {
  type AcceptedEvent,
  type Attempt,
  type Delivery,
  DeliveryServiceService,
  type ListDeliveriesRequest,
  type ListEventsRequest,
} from "@postrider/contracts/postrider/v1/delivery";
import { RpcError, type RpcService, unary } from "@postrider/kit-rpc";
import { accessForEverybody } from "@postrider/kit-rpc/testing";

/** What a ledger in memory has, and what it was asked. */
export interface LedgerContent {
  readonly accepted: AcceptedEvent[];
  readonly deliveries: { readonly delivery: Delivery; readonly attempts: Attempt[] }[];
  readonly asked: (ListEventsRequest | ListDeliveriesRequest)[];
}

/** DeliveryService over what is in memory: lists answer with all they have, whatever the filter, by the page size. */
export function serveLedger({ accepted, deliveries, asked }: LedgerContent): RpcService {
  const implementation = {
    listEvents: unary(async (request: ListEventsRequest) => {
      asked.push(request);
      const { items, nextPageToken } = pageOf(accepted, request);
      return { events: items, nextPageToken };
    }),
    listDeliveries: unary(async (request: ListDeliveriesRequest) => {
      asked.push(request);
      const { items, nextPageToken } = pageOf(deliveries, request);
      return { deliveries: items.map(({ delivery }) => delivery), nextPageToken };
    }),
    getEvent: unary(async ({ id }: { id: string }) => {
      const event = accepted.find(({ event: published }) => published?.id === id);
      if (!event) throw new RpcError("not_found", `there is no event "${id}"`);
      return { event };
    }),
    getDelivery: unary(async ({ id }: { id: string }) => {
      const found = deliveries.find(({ delivery }) => delivery.id === id);
      if (!found) throw new RpcError("not_found", `there is no delivery "${id}"`);
      return found;
    }),
  };
  return {
    name: "postrider.v1.DeliveryService",
    definition: DeliveryServiceService,
    implementation,
    access: accessForEverybody(DeliveryServiceService),
  };
}

function pageOf<Item>(
  items: readonly Item[],
  { pageSize, pageToken }: { readonly pageSize: number; readonly pageToken: string },
): { readonly items: Item[]; readonly nextPageToken: string } {
  const start = Number(pageToken || "0");
  // Smaller than asked for, as a server may: lists have several pages.
  const end = start + Math.min(pageSize, 2);
  return { items: items.slice(start, end), nextPageToken: end < items.length ? String(end) : "" };
}
