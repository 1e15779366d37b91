import { describe, expect, test } from "vitest";
import { createNodeProperties, encodeProperties, type KafkaNodePlan } from "./kafka-properties.ts";

const nodes: readonly KafkaNodePlan[] = [1, 2, 3].map((id) => ({
  id,
  clientPort: 100 * id + 1,
  brokerPort: 100 * id + 2,
  controllerPort: 100 * id + 3,
  dataFolder: `/data/${id}`,
}));
const of = (count: number, properties = {}): Readonly<Record<string, string>> =>
  createNodeProperties({ nodes: nodes.slice(0, count), password: "p", properties }, nodes[0] as KafkaNodePlan);

describe("a node's settings", () => {
  test("name every controller, and this node's own ports", () => {
    expect(of(3)).toMatchObject({
      "node.id": "1",
      "controller.quorum.voters": "1@127.0.0.1:103,2@127.0.0.1:203,3@127.0.0.1:303",
      listeners: "CLIENT://127.0.0.1:101,BROKER://127.0.0.1:102,CONTROLLER://127.0.0.1:103",
    });
  });

  test("keep three copies on three nodes, and one on one", () => {
    expect(of(3)).toMatchObject({ "default.replication.factor": "3", "min.insync.replicas": "2" });
    expect(of(1)).toMatchObject({ "default.replication.factor": "1", "min.insync.replicas": "1" });
  });

  test("give way to the caller's", () => {
    expect(of(1, { "num.io.threads": "1" })["num.io.threads"]).toBe("1");
  });

  test("are written one to a line", () => {
    expect(encodeProperties({ a: "1", b: "x\\y" })).toBe("a=1\nb=x\\\\y\n");
  });
});
