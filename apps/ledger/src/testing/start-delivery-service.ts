import { credentials } from "@grpc/grpc-js";
import { DeliveryServiceClient, DeliveryServiceService } from "@postrider/contracts/postrider/v1/delivery";
import { startRpcServer } from "@postrider/kit-rpc";
import { onTestFinished } from "vitest";
import { DELIVERY_ACCESS } from "../grpc/access.ts";
import { createDeliveryService } from "../grpc/delivery-service.ts";
import type { LedgerQueries } from "../store/ledger-store.ts";

/** The service over a real connection; ends with the test. @param boundTo the tenant that its callers are bound to */
export async function startDeliveryService(ledger: LedgerQueries, boundTo?: string): Promise<DeliveryServiceClient> {
  const server = await startRpcServer({
    address: "127.0.0.1:0",
    maxMessageBytes: 1024 * 1024,
    services: [
      {
        name: "postrider.v1.DeliveryService",
        definition: DeliveryServiceService,
        implementation: createDeliveryService(ledger),
        access: DELIVERY_ACCESS,
      },
    ],
    doorkeeper: { identify: () => ({ name: "reader", scopes: new Set(["read"]), boundTo }) },
  });
  const client = new DeliveryServiceClient(server.address, credentials.createInsecure());
  onTestFinished(async () => {
    client.close();
    await server.close(5000);
  });
  return client;
}
