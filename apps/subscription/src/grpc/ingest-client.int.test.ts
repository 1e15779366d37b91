import { RpcError } from "@postrider/kit-rpc";
import { expect, onTestFinished, test } from "vitest";
import { startIngest } from "../testing/start-ingest.ts";
import { connectIngest } from "./ingest-client.ts";

test("an event goes to ingest as it is, and a refusal is told", async () => {
  const running = await startIngest();
  const ingest = connectIngest({ address: running.address });
  onTestFinished(ingest.close);
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
  expect(running.accepted).toEqual([event]);
  running.refuse = () => new RpcError("unavailable", "the log is away");
  await expect(ingest.publish({ event })).rejects.toThrow("the log is away");
});
