// Must hold: the ledger has what the topics have, each attempt once, however often ledgers and dispatchers are killed;
// without ledgers, or without their database, deliveries go on; and they catch up by themselves.
import { credentials } from "@grpc/grpc-js";
import { AttemptBatch } from "@postrider/contracts/postrider/log/v1/delivery";
import {
  type Delivery,
  DeliveryServiceClient,
  Delivery_State as State,
} from "@postrider/contracts/postrider/v1/delivery";
import { call } from "@postrider/kit-rpc";
import { findStack, type Receiver, startReceiver } from "@postrider/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ServiceProcess } from "../services/service-process.ts";
import { openPlatform, type Platform } from "./platform/open-platform.ts";
import { untilReceived } from "./platform/receipts.ts";

const stack = findStack();
const EVENTS_A_ROUND = 150;
const DEADLINE_MS = 60_000;

describe.skipIf(stack === undefined)("ledgers that share Kafka and PostgreSQL", { timeout: 240_000 }, () => {
  let platform: Platform;
  let receiver: Receiver;
  let ledgers: ServiceProcess[];
  const published: string[] = [];

  beforeAll(async () => {
    if (!stack) return;
    platform = await openPlatform({ stack });
    // Every seventh request fails, and is made again.
    receiver = await startReceiver({ answer: (_, index) => ({ status: index % 7 === 0 ? 503 : 200 }) });
    await platform.client.createSubscription({
      url: receiver.url,
      tenantId: "acme",
      retryDelaysMs: [200, 200, 200, 200],
    });
    ledgers = [await platform.services.startLedger(), await platform.services.startLedger()];
  });
  afterAll(async () => {
    await platform.close();
    await receiver.close();
  });

  async function publishRound(): Promise<void> {
    const ids = Array.from({ length: EVENTS_A_ROUND }, (_, index) => `event-${published.length + index}`);
    await Promise.all(ids.map(async (id) => platform.client.publish({ id, tenantId: "acme" })));
    published.push(...ids);
  }

  test("killed in the middle, away, and back, they have every attempt once", async () => {
    await publishRound();
    const [first, second] = ledgers;
    if (!first || !second) throw new Error("there are no ledgers");
    await first.stop("SIGKILL");
    await publishRound();
    // Nobody follows: deliveries do not wait.
    await second.stop("SIGKILL");
    await publishRound();
    await untilReceived(receiver, published);
    ledgers = [await platform.services.startAgain(first), await platform.services.startAgain(second)];
    const [answering] = ledgers;
    const client = new DeliveryServiceClient(answering?.grpcAddress ?? "", credentials.createInsecure());
    const deliveries = await untilAllDelivered(client, published.length);
    expect(new Set(deliveries.map(({ eventId }) => eventId))).toEqual(new Set(published));

    const attempts = await Promise.all(
      deliveries.map(async ({ id, eventId }) => {
        const request = { id, acceptTime: undefined };
        const answer = await call(client.getDelivery.bind(client), request, soon());
        return answer.attempts.map(({ number, startTime }) => `${eventId} ${number} ${String(startTime?.getTime())}`);
      }),
    );
    client.close();
    const inTopic = (await platform.kafka.readAll("postrider.attempts"))
      .flatMap(({ value }) => AttemptBatch.decode(value).attempts)
      .map(({ eventId, number, startedAtMs }) => `${eventId} ${number} ${startedAtMs}`);
    expect(attempts.flat().sort()).toEqual(inTopic.sort());
  });
});

const soon = (): { deadline: Date } => ({ deadline: new Date(Date.now() + 10_000) });

async function untilAllDelivered(client: DeliveryServiceClient, count: number): Promise<readonly Delivery[]> {
  const deadlineMs = Date.now() + DEADLINE_MS;
  const filter = { tenantId: "acme", subscriptionId: "", eventId: "", from: undefined, to: undefined };
  const request = { ...filter, state: State.STATE_DELIVERED, pageSize: 1000, pageToken: "" };
  for (;;) {
    const { deliveries } = await call(client.listDeliveries.bind(client), request, soon());
    if (deliveries.length >= count) return deliveries;
    if (Date.now() > deadlineMs)
      throw new Error(`${deliveries.length} of ${count} were delivered, as the ledger has it`);
  }
}
