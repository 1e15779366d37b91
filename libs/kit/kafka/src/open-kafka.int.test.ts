import { createServer, type AddressInfo, type Socket } from "node:net";
import { deferredPromise, FakeClock } from "@postrider/testing";
import { expect, onTestFinished, test } from "vitest";
import { openKafka } from "./open-kafka.ts";

/** A host that takes connections and says nothing, and when something first came to it. */
async function startSilentHost(): Promise<{ readonly broker: string; readonly asked: Promise<undefined> }> {
  const asked = deferredPromise();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("data", () => {
      asked.resolve(undefined);
    });
  });
  const listening = deferredPromise();
  server.listen(0, "127.0.0.1", () => {
    listening.resolve(undefined);
  });
  await listening.promise;
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { broker: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked: asked.promise };
}

test("a host that says nothing is given up after 15 seconds, and named", async () => {
  const clock = new FakeClock();
  const { broker, asked } = await startSilentHost();
  const opening = openKafka({
    ...{ brokers: [broker], namePrefix: "", clientId: "test", clock, partitions: 1, replication: 1 },
  });
  const failing = expect(opening).rejects.toMatchObject({ name: "KafkaError", code: "unavailable" });
  await asked;
  clock.advance(15_000);
  await failing;
  await expect(opening).rejects.toThrow(`no Kafka at ${broker} (no answer within 15000 ms)`);
});

test("a connection that is refused leaves no timer behind", async () => {
  const clock = new FakeClock();
  const options = { namePrefix: "", clientId: "test", clock, partitions: 1, replication: 1 };
  await expect(openKafka({ ...options, brokers: ["127.0.0.1:1"] })).rejects.toThrow("ECONNREFUSED");
  expect(clock.pendingCount).toBe(0);
});
