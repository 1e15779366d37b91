import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { reservePorts } from "./ports.ts";

test("ports that are reserved at the same time are all different", async () => {
  const reserved = await Promise.all(Array.from({ length: 20 }, () => reservePorts(9)));
  const ports = reserved.flatMap((block) => block.ports);
  expect(ports).toHaveLength(180);
  expect(new Set(ports).size).toBe(180);
  for (const { release } of reserved) release();
});

test("a reserved port can be listened on, again and again", async () => {
  const { ports, release } = await reservePorts(1);
  for (let round = 0; round < 2; round += 1) {
    const server = createServer().listen(ports[0], "127.0.0.1");
    await once(server, "listening");
    server.close();
    await once(server, "close");
  }
  release();
});

test("more ports than a block has are refused with the bound", async () => {
  await expect(reservePorts(16)).rejects.toThrow("count is 16; it must be 1 to 15");
});
