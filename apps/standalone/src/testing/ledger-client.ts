import { credentials } from "@grpc/grpc-js";
import {
  type AcceptedEvent,
  type Delivery,
  Delivery_State as State,
  DeliveryServiceClient,
  type GetDeliveryResponse,
} from "@postrider/contracts/postrider/v1/delivery";
import { call } from "@postrider/kit-rpc";

/** Somebody who asks what became of events, in a test. */
export interface LedgerClient {
  readonly getEvent: (id: string) => Promise<AcceptedEvent | undefined>;
  readonly getDelivery: (id: string) => Promise<GetDeliveryResponse>;
  /** All deliveries, asked for again until it is so: the ledger is a moment behind. @throws Error after the deadline, with what there was */
  readonly untilDeliveries: (isSo: (deliveries: readonly Delivery[]) => boolean) => Promise<readonly Delivery[]>;
  readonly close: () => void;
}

const DEADLINE_MS = 60_000;

export function connectLedger(address: string): LedgerClient {
  const client = new DeliveryServiceClient(address, credentials.createInsecure(), {
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 300,
  });
  const soon = (): { deadline: Date } => ({ deadline: new Date(Date.now() + 10_000) });

  async function listDeliveries(): Promise<readonly Delivery[]> {
    const listed: Delivery[] = [];
    const filter = { tenantId: "", subscriptionId: "", eventId: "", state: State.STATE_UNSPECIFIED };
    let pageToken = "";
    do {
      const request = { ...filter, from: undefined, to: undefined, pageSize: 1000, pageToken };
      const page = await call(client.listDeliveries.bind(client), request, soon());
      listed.push(...page.deliveries);
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    return listed;
  }

  return {
    getEvent: async (id) => (await call(client.getEvent.bind(client), { id, acceptTime: undefined }, soon())).event,
    getDelivery: async (id) => call(client.getDelivery.bind(client), { id, acceptTime: undefined }, soon()),
    untilDeliveries: async (isSo) => {
      const deadlineMs = Date.now() + DEADLINE_MS;
      for (;;) {
        const deliveries = await listDeliveries();
        if (isSo(deliveries)) return deliveries;
        if (Date.now() > deadlineMs)
          throw new Error(`after ${DEADLINE_MS} ms there are ${deliveries.length} deliveries`);
      }
    },
    close: () => {
      client.close();
    },
  };
}
