import { describe, expect, test } from "vitest";
import { requireMended, requireUnmended } from "../testing/kafkajs-files.ts";
import type { BrokerPool } from "./lost-seed.ts";

type PoolClass = new (options: object) => BrokerPool;

const quiet = { namespace: () => quiet };

/** A pool that knows nodes 1 and 2, and began with node 1. */
function createPool(Pool: PoolClass): BrokerPool {
  const pool = new Pool({ logger: quiet });
  for (const nodeId of [1, 2]) pool.brokers[nodeId] = { nodeId, connectionPool: addressOf(nodeId) };
  pool.seedBroker = pool.brokers[1];
  return pool;
}

function addressOf(nodeId: number): { readonly host: string; readonly port: number } {
  return { host: "127.0.0.1", port: 9000 + nodeId };
}

describe("a pool of brokers whose connections close one after another", () => {
  test("the fault: throws once there was no seed and another one is removed", () => {
    const pool = createPool(requireUnmended("cluster/brokerPool"));
    pool.removeBroker(addressOf(1));
    pool.removeBroker(addressOf(2));
    expect(pool.seedBroker).toBeUndefined();
    pool.brokers[1] = { nodeId: 1, connectionPool: addressOf(1) };
    expect(() => {
      pool.removeBroker(addressOf(1));
    }).toThrow(TypeError);
  });

  test("mended: has no seed then, and takes one from what is left or comes", () => {
    const pool = createPool(requireMended("cluster/brokerPool"));
    pool.removeBroker(addressOf(1));
    expect(pool.seedBroker?.nodeId).toBe(2);
    pool.removeBroker(addressOf(2));
    expect(pool.seedBroker).toBeUndefined();
    for (const nodeId of [1, 2]) pool.brokers[nodeId] = { nodeId, connectionPool: addressOf(nodeId) };
    pool.removeBroker(addressOf(1));
    expect(pool.seedBroker?.nodeId).toBe(2);
  });

  test("mended: keeps its seed when another broker goes, and asks for the metadata anew", () => {
    const pool = createPool(requireMended("cluster/brokerPool"));
    pool.metadataExpireAt = 1;
    pool.removeBroker(addressOf(2));
    expect(pool.seedBroker?.nodeId).toBe(1);
    expect(Object.keys(pool.brokers)).toEqual(["1"]);
    expect(pool.metadataExpireAt).toBeNull();
  });
});
