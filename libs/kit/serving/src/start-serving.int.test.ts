import { systemClock, type Service, untilAborted } from "@postrider/kit-lifecycle";
import { openDoor } from "@postrider/kit-rpc";
import { createLogger, createRegistry } from "@postrider/kit-telemetry";
import { expect, test } from "vitest";
import { closedAtEnd, startServing, type ServingOptions } from "./index.ts";

const door = { doorkeeper: openDoor, description: "" };

/** Options with nothing to serve but the admin port, and what the services told of their ends. */
function options(more: Partial<ServingOptions> = {}): ServingOptions {
  return {
    admin: { address: "127.0.0.1:0", registry: createRegistry() },
    services: [],
    logger: createLogger({ service: "test", level: "silent" }),
    clock: systemClock,
    graceMs: 1000,
    ...more,
  };
}

test("ends its services in reverse order, and tells meanwhile that it is stopping", async () => {
  const told: string[] = [];
  let adminAddress = "";
  const worker: Service = {
    name: "worker",
    run: async (signal) => {
      await untilAborted(signal);
      const ready = await fetch(`http://${adminAddress}/readyz`);
      told.push(`worker ends, ${ready.status} ${await ready.text()}`);
    },
  };
  const store = closedAtEnd("store", async () => {
    told.push("store closes");
    return Promise.resolve();
  });
  const serving = await startServing(
    options({ services: [store, worker], grpc: { address: "127.0.0.1:0", services: [], maxMessageBytes: 1024, door } }),
  );
  adminAddress = serving.adminAddress;
  const stopping = new AbortController();
  const run = serving.run(stopping.signal);
  expect((await fetch(`http://${adminAddress}/readyz`)).status).toBe(200);
  stopping.abort();
  await run;
  expect(told).toEqual(["worker ends, 503 stopping", "store closes"]);
  await expect(fetch(`http://${adminAddress}/livez`)).rejects.toThrow();
});

test("names what the process itself says is missing", async () => {
  const serving = await startServing(options({ findUnready: () => ["subscriptions are not watched"] }));
  const ready = await fetch(`http://${serving.adminAddress}/readyz`);
  expect([ready.status, await ready.text()]).toEqual([503, "subscriptions are not watched"]);
  await serving.run(AbortSignal.abort());
});

test("closes what it was given when a port is taken, and names the port", async () => {
  const first = await startServing(options());
  let isClosed = false;
  const store = closedAtEnd("store", async () => {
    isClosed = true;
    return Promise.resolve();
  });
  const grpc = { address: first.adminAddress, services: [], maxMessageBytes: 1024, door };
  await expect(startServing(options({ services: [store], grpc }))).rejects.toThrow(first.adminAddress);
  expect(isClosed).toBe(true);
  await first.run(AbortSignal.abort());
});

test("a service that fails ends the process with its failure", async () => {
  const failing: Service = { name: "failing", run: async () => Promise.reject(new Error("the log is gone")) };
  const serving = await startServing(options({ services: [failing] }));
  await expect(serving.run(new AbortController().signal)).rejects.toThrow("the log is gone");
});
