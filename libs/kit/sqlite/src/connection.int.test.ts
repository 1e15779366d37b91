import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { Connection } from "./connection.ts";

test("the thread's death rejects everything that waits, and all that follows", async () => {
  const connection = startConnection("throw new Error('out of memory')");
  const waiting = [connection.write([{ sql: "INSERT" }]), connection.read("SELECT 1")];
  const outcomes = await Promise.allSettled(waiting);
  for (const outcome of outcomes) {
    expect(outcome).toHaveProperty("reason.code", "io");
    expect(outcome).toHaveProperty("reason.message", expect.stringContaining("out of memory"));
  }
  await expect(connection.write([{ sql: "INSERT" }])).rejects.toMatchObject({ code: "io" });
  await connection.close();
});

test("the thread's end without an error does too", async () => {
  const connection = startConnection("process.exit()");
  await expect(connection.write([{ sql: "INSERT" }])).rejects.toMatchObject({ code: "io" });
  await connection.close();
});

/** A connection to a thread that does this on the first message. */
function startConnection(onMessage: string): Connection {
  const script = `require("node:worker_threads").parentPort.on("message", () => { ${onMessage} });`;
  return new Connection(new Worker(script, { eval: true }), "data.db");
}
