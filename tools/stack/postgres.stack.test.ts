import { existsSync } from "node:fs";
import { findStack } from "@postrider/testing";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PostgresServer, startPostgres } from "./start-postgres.ts";
import { findFolder, isListening } from "./testing/observe.ts";

async function ask(url: string, question: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: question, rowMode: "array" })).rows;
  } finally {
    await client.end();
  }
}

describe.skipIf(findStack() === undefined)("PostgreSQL", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => {
    await server.stop();
  });

  test("comes back with what was committed after a kill -9, also of a connection at work", async () => {
    await ask(server.url, "create table kept (number int)");
    await ask(server.url, "insert into kept values (1)");
    const atWork = ask(server.url, "select pg_sleep(60)").then(
      () => "answered",
      () => "broken off",
    );
    const pid = server.pid;

    await server.kill();
    expect(server.pid).toBeUndefined();
    expect(await atWork).toBe("broken off");
    await server.start();

    expect(server.pid).not.toBe(pid);
    expect(await ask(server.url, "select number from kept")).toEqual([[1]]);
  });

  test("waits for the disk when it is asked to", async () => {
    const careful = await startPostgres({ fsync: true });
    expect(await ask(careful.url, "show fsync")).toEqual([["on"]]);
    expect(await ask(server.url, "show fsync")).toEqual([["off"]]);
    // Off, it would lose what was committed just before a kill -9.
    expect(await ask(server.url, "show synchronous_commit")).toEqual([["on"]]);
    await careful.stop();
  });

  test.for([{ dead: false }, { dead: true }])(
    "leaves nothing when it is stopped ($dead: killed before)",
    async ({ dead }) => {
      const other = await startPostgres();
      const folder = await findFolder(other.pid);
      expect(existsSync(folder)).toBe(true);
      if (dead) await other.kill();

      await other.stop();

      expect(existsSync(folder)).toBe(false);
      expect(await isListening(new URL(other.url).host)).toBe(false);
      expect(await isListening(new URL(server.url).host)).toBe(true);
    },
  );
});
