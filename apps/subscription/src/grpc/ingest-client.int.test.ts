import { type PublishRequest, IngestServiceService } from "@postrider/contracts/postrider/v1/ingest";
import { RpcError, startRpcServer, unary } from "@postrider/kit-rpc";
import { accessForEverybody } from "@postrider/kit-rpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { connectIngest } from "./ingest-client.ts";

test("an event goes to ingest as it is, and a refusal is told", async () => {
  const published: PublishRequest[] = [];
  let isAway = false;
  const refuse = unary(async () => Promise.reject(new RpcError("unimplemented", "not here")));
  const server = await startRpcServer({
    address: "127.0.0.1:0",
    maxMessageBytes: 1024 * 1024,
    services: [
      {
        ...{ name: "postrider.v1.IngestService", definition: IngestServiceService },
        access: accessForEverybody(IngestServiceService),
        implementation: {
          ...Object.fromEntries(Object.keys(IngestServiceService).map((name) => [name, refuse])),
          publish: unary(async (request: PublishRequest) => {
            if (isAway) throw new RpcError("unavailable", "the log is away");
            published.push(request);
            return Promise.resolve({ eventId: request.event?.id ?? "", acceptedAt: new Date(1) });
          }),
        },
      },
    ],
  });
  const ingest = connectIngest(server.address);
  onTestFinished(async () => {
    await ingest.close();
    await server.close(0);
  });
  const event = {
    ...{
      id: "sub_1_7",
      tenantId: "acme",
      type: "postrider.subscription.failing",
      time: new Date(5),
      source: "postrider",
    },
    data: { $case: "jsonData", value: "{}" } as const,
    ...{ contentType: "application/json", orderingKey: "sub_1" },
  };
  await ingest.publish({ event });
  expect(published).toEqual([{ event }]);
  isAway = true;
  await expect(ingest.publish({ event })).rejects.toThrow("the log is away");
});
