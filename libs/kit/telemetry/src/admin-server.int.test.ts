import { Counter } from "prom-client";
import { afterEach, expect, test } from "vitest";
import { type AdminServer, createRegistry, startAdminServer } from "./index.ts";

let server: AdminServer | undefined;
afterEach(async () => {
  await server?.close();
});

test("the admin port answers scrapes and probes, and says what is not ready", async () => {
  const registry = createRegistry();
  new Counter({ name: "a_total", help: "Counts.", registers: [registry] }).inc(3);
  let unready = ["log"];
  server = await startAdminServer({ address: "127.0.0.1:0", registry, findUnready: () => unready });
  const get = async (path: string): Promise<[number, string]> => {
    const response = await fetch(`http://${server?.address ?? ""}${path}`);
    return [response.status, await response.text()];
  };
  expect((await get("/metrics"))[1]).toContain("a_total 3");
  expect(await get("/livez")).toEqual([200, "ok\n"]);
  expect(await get("/readyz")).toEqual([503, "log"]);
  unready = [];
  expect(await get("/readyz")).toEqual([200, "ok\n"]);
  expect((await get("/elsewhere"))[0]).toBe(404);
});

test("a port that is taken is named", async () => {
  const options = { registry: createRegistry(), findUnready: () => [] };
  server = await startAdminServer({ address: "127.0.0.1:0", ...options });
  const { address } = server;
  await expect(startAdminServer({ address, ...options })).rejects.toThrow(`can't listen on ${address}`);
});
