import { createWatchers, findStack } from "@postrider/testing";
import { Kysely, sql } from "kysely";
import { describe, expect, onTestFinished, test } from "vitest";
import { openPostgres, type PostgresOptions } from "./open-postgres.ts";
import type { Postgres } from "./postgres.ts";
import { createPostgresDialect } from "./postgres-dialect.ts";
import { createTestDatabase, type TestDatabase } from "./testing/index.ts";

const stack = findStack();
const schema = ["CREATE TABLE IF NOT EXISTS things (name TEXT CONSTRAINT thing_name PRIMARY KEY, size BIGINT)"];

async function createDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase(stack?.databaseUrl ?? "");
  onTestFinished(database.drop);
  return database;
}

async function open(url: string, options: Partial<PostgresOptions> = {}): Promise<Postgres> {
  const postgres = await openPostgres({ url, schema, applicationName: "kit-postgres-test", ...options });
  onTestFinished(postgres.close);
  return postgres;
}

async function openEmpty(options: Partial<PostgresOptions> = {}): Promise<TestDatabase & { postgres: Postgres }> {
  const database = await createDatabase();
  return { ...database, postgres: await open(database.url, options) };
}

async function insert({ query }: Pick<Postgres, "query">, name: string, size: number | null = 1): Promise<void> {
  await query("INSERT INTO things (name, size) VALUES ($1, $2)", [name, size]);
}

async function readNames(postgres: Postgres): Promise<readonly unknown[]> {
  return (await postgres.read('SELECT name FROM things ORDER BY name COLLATE "C"')).map(({ name }) => name);
}

describe.skipIf(stack === undefined)("PostgreSQL", () => {
  describe("at start", () => {
    test("ten that start at once bring the schema in one by one", async () => {
      const { url } = await createDatabase();
      const opened = await Promise.all(Array.from({ length: 10 }, async () => await open(url)));
      for (const postgres of opened) expect(await readNames(postgres)).toEqual([]);
    });

    test("a schema that fails half way leaves nothing", async () => {
      const { url } = await createDatabase();
      const failing = open(url, { schema: [...schema, "CREATE TABLE nonsense"] });
      await expect(failing).rejects.toMatchObject({ code: "setup" });
      const postgres = await open(url, { schema: [] });
      await expect(postgres.read("SELECT * FROM things")).rejects.toMatchObject({ code: "other" });
    });

    test("a database that is missing is named, with the line that makes it", async () => {
      const url = new URL(stack?.databaseUrl ?? "");
      url.pathname = "/postrider_missing";
      const message = `createdb -h ${url.hostname} -p ${url.port} -U ${url.username} postrider_missing`;
      await expect(open(url.href)).rejects.toThrow(message);
    });

    test("a user who may not make tables is told the grant that is missing", async () => {
      const { name, url, postgres, drop } = await openEmpty({ schema: [] });
      const user = `${name}_user`;
      await postgres.query(`CREATE ROLE ${user} LOGIN PASSWORD 's3cret'`);
      await postgres.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
      onTestFinished(async () => {
        await drop();
        const server = await openPostgres({ url: stack?.databaseUrl ?? "", schema: [], applicationName: "test" });
        await server.query(`DROP ROLE ${user}`);
        await server.close();
      });
      const own = Object.assign(new URL(url), { username: user, password: "s3cret" });
      const failure: unknown = await open(own.href).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "setup" });
      expect(String(failure)).toContain(`GRANT CREATE ON SCHEMA public TO "${user}"`);
      expect(String(failure)).not.toContain("s3cret");
      await postgres.query(`GRANT CREATE ON SCHEMA public TO ${user}`);
      expect(await readNames(await open(own.href))).toEqual([]);
    });
  });

  describe("statements", () => {
    test("a write tells what it changed; integers read back as numbers", async () => {
      const { postgres } = await openEmpty();
      const text = "INSERT INTO things VALUES ('a', 9007199254740991), ('b', NULL) RETURNING size";
      expect(await postgres.query(text)).toMatchObject({
        rows: [{ size: Number.MAX_SAFE_INTEGER }, { size: null }],
        changes: 2,
      });
    });

    test("an integer beyond what a number holds is an error, not another number", async () => {
      const { postgres } = await openEmpty();
      await expect(postgres.read("SELECT 9007199254740993::bigint AS size")).rejects.toThrow("beyond 2^53");
      expect(await readNames(postgres)).toEqual([]);
    });

    test("a constraint that is broken is named, and the connection goes on", async () => {
      const { postgres } = await openEmpty({ maxConnections: 2 });
      await insert(postgres, "a");
      await expect(insert(postgres, "a")).rejects.toMatchObject({ code: "constraint", constraint: "thing_name" });
      expect(await readNames(postgres)).toEqual(["a"]);
    });

    test("once closed every call says so; what was asked before is finished", async () => {
      const { postgres } = await openEmpty();
      const before = postgres.read("SELECT pg_sleep(0.05), 'done' AS state");
      await Promise.all([postgres.read("SELECT 1"), postgres.close()]);
      expect((await before)[0]).toMatchObject({ state: "done" });
      await expect(postgres.read("SELECT 1")).rejects.toMatchObject({ code: "closed" });
      await expect(postgres.inTransaction(async () => undefined)).rejects.toMatchObject({ code: "closed" });
    });
  });

  describe("transactions", () => {
    test("stand together, or not at all", async () => {
      const { postgres } = await openEmpty();
      const answer = await postgres.inTransaction(async (query) => {
        await insert({ query }, "a");
        await insert({ query }, "b");
        return "answer";
      });
      expect(answer).toBe("answer");
      const failing = postgres.inTransaction(async (query) => {
        await insert({ query }, "c");
        throw new Error("a change of mind");
      });
      await expect(failing).rejects.toThrow("a change of mind");
      expect(await readNames(postgres)).toEqual(["a", "b"]);
    });

    test("with a failure that its author kept quiet about are undone, and reject", async () => {
      const { postgres } = await openEmpty();
      const failing = postgres.inTransaction(async (query) => {
        await insert({ query }, "a");
        await insert({ query }, "a").catch(() => undefined);
      });
      await expect(failing).rejects.toMatchObject({ code: "other" });
      expect(await readNames(postgres)).toEqual([]);
    });

    test("with one lock run one after another, and see what the one before did", async () => {
      const { postgres } = await openEmpty();
      await insert(postgres, "a", 0);
      const increment = async (): Promise<void> => {
        const run = async (query: Postgres["query"]): Promise<void> => {
          const { rows } = await query("SELECT size FROM things");
          await query("UPDATE things SET size = $1", [Number(rows[0]?.["size"]) + 1]);
        };
        await postgres.inTransaction(run, { lockKey: 7 });
      };
      await Promise.all(Array.from({ length: 30 }, increment));
      expect(await postgres.read("SELECT size FROM things")).toEqual([{ size: 30 }]);
    });

    test("that wait for a lock leave connections to those that read", async () => {
      const { postgres, url } = await openEmpty({ maxConnections: 4 });
      const other = await open(url);
      const leave = Promise.withResolvers<undefined>();
      const entered = Promise.withResolvers<undefined>();
      const holder = other.inTransaction(
        async () => {
          entered.resolve(undefined);
          await leave.promise;
        },
        { lockKey: 7 },
      );
      await entered.promise;
      const waiting = Array.from({ length: 10 }, async () => {
        await postgres.inTransaction(async (query) => await query("SELECT 1"), { lockKey: 7 });
      });
      expect(await readNames(postgres)).toEqual([]);
      leave.resolve(undefined);
      await Promise.all([holder, ...waiting]);
    });
  });

  describe("when connections die", () => {
    test("idle ones are told, and reads and writes go on", async () => {
      const notices: string[] = [];
      const watchers = createWatchers();
      const { postgres, killConnections } = await openEmpty({
        onNotice: (message) => {
          // A server for tests may have settings that are told too.
          if (message.startsWith("lost an idle connection")) notices.push(message);
          watchers.changed();
        },
      });
      await Promise.all([postgres.read("SELECT pg_sleep(0.05)"), postgres.read("SELECT pg_sleep(0.05)")]);
      expect(await killConnections()).toBe(2);
      await watchers.waitUntil(
        () => notices.length === 2,
        () => `${notices.length} notices`,
      );
      await insert(postgres, "a");
      expect(await readNames(postgres)).toEqual(["a"]);
    });

    test("a read that meets it is tried again", async () => {
      const { postgres, killConnections } = await openEmpty();
      await insert(postgres, "a");
      const slow = postgres.read("SELECT pg_sleep(size), name FROM things");
      await waitForSleepers(postgres, 1);
      await postgres.query("UPDATE things SET size = 0");
      await killConnections();
      expect(await slow).toMatchObject([{ name: "a" }]);
    });

    test("a write that meets it is not tried again, but unavailable", async () => {
      const { postgres, killConnections } = await openEmpty();
      const slow = postgres.query("INSERT INTO things SELECT 'a' FROM pg_sleep(5)");
      await Promise.all([
        expect(slow).rejects.toMatchObject({ name: "PostgresError", code: "unavailable" }),
        waitForSleepers(postgres, 1).then(killConnections),
      ]);
      expect(await readNames(postgres)).toEqual([]);
    });

    test("a transaction between two statements is unavailable, and leaves nothing", async () => {
      const { postgres, killConnections } = await openEmpty();
      const failing = postgres.inTransaction(async (query) => {
        await insert({ query }, "a");
        await killConnections();
        await insert({ query }, "b");
      });
      await expect(failing).rejects.toMatchObject({ name: "PostgresError", code: "unavailable" });
      const uncommitted = postgres.inTransaction(async (query) => {
        await insert({ query }, "c");
        await killConnections();
      });
      await expect(uncommitted).rejects.toMatchObject({ code: "unavailable" });
      expect(await readNames(postgres)).toEqual([]);
    });

    test("while the database takes nobody every call is unavailable; afterwards all is as before", async () => {
      const { postgres, admit } = await openEmpty();
      await admit(false);
      await expect(readNames(postgres)).rejects.toMatchObject({ code: "unavailable" });
      await expect(insert(postgres, "a")).rejects.toMatchObject({ code: "unavailable" });
      await admit(true);
      await insert(postgres, "a");
      expect(await readNames(postgres)).toEqual(["a"]);
    });
  });

  describe("listening", () => {
    async function startListening(options: Partial<PostgresOptions> = {}) {
      const database = await openEmpty(options);
      const heard: (string | undefined)[] = [];
      const watchers = createWatchers();
      const end = database.postgres.listen("Things changed", (payload) => {
        heard.push(payload);
        watchers.changed();
      });
      const waitFor = async (...expected: readonly (string | undefined)[]): Promise<void> => {
        await watchers.waitUntil(
          () => heard.length >= expected.length,
          () => `heard ${JSON.stringify(heard)}`,
        );
        expect(heard).toEqual(expected);
      };
      const notify = async (payload: string): Promise<void> => {
        await database.postgres.query("SELECT pg_notify('Things changed', $1)", [payload]);
      };
      return { ...database, end, waitFor, notify, heard };
    }

    test("begins with a call without payload, then tells each notification", async () => {
      const { waitFor, notify } = await startListening();
      await waitFor(undefined);
      await notify("a");
      await notify("");
      await waitFor(undefined, "a", "");
    });

    test("begins again when its connection was lost, which is told", async () => {
      const notices: string[] = [];
      const { waitFor, notify, killConnections } = await startListening({
        onNotice: (message) => notices.push(message),
      });
      await waitFor(undefined);
      await killConnections();
      await waitFor(undefined, undefined);
      await notify("a");
      await waitFor(undefined, undefined, "a");
      expect(notices.filter((message) => message.includes('does not hear of "Things changed"'))).toHaveLength(1);
    });

    test("is ended by its function, and leaves no connection", async () => {
      const { waitFor, notify, end, heard, postgres } = await startListening();
      await waitFor(undefined);
      end();
      await notify("a");
      await waitForConnections(postgres, 1);
      expect(heard).toEqual([undefined]);
    });

    test("ends when all is closed", async () => {
      const { waitFor, postgres, url } = await startListening();
      await waitFor(undefined);
      await postgres.close();
      await waitForConnections(await open(url), 1);
    });
  });

  test("Kysely reads and writes over it, and is told that transactions go elsewhere", async () => {
    const { postgres } = await openEmpty();
    const database = new Kysely<{ things: { name: string; size: number | null } }>({
      dialect: createPostgresDialect(postgres, (error) => new Error("translated", { cause: error })),
    });
    const inserted = await database.insertInto("things").values({ name: "a", size: 1 }).executeTakeFirst();
    expect(inserted.numInsertedOrUpdatedRows).toBe(1n);
    const updated = await database.updateTable("things").set({ size: 2 }).returningAll().execute();
    expect(updated).toEqual([{ name: "a", size: 2 }]);
    expect(await database.selectFrom("things").select("size").execute()).toEqual([{ size: 2 }]);
    await expect(sql`nonsense`.execute(database)).rejects.toThrow("translated");
    await expect(database.transaction().execute(async () => Promise.resolve())).rejects.toThrow("inTransaction");
  });
});

/** Waits until so many statements of the database sleep. */
async function waitForSleepers(postgres: Postgres, count: number): Promise<void> {
  await waitForActivity(postgres, { where: "wait_event = 'PgSleep'", count });
}

/** Waits until so many clients are connected to the database. */
async function waitForConnections(postgres: Postgres, count: number): Promise<void> {
  await waitForActivity(postgres, { where: "backend_type = 'client backend'", count });
}

async function waitForActivity(postgres: Postgres, wanted: { where: string; count: number }): Promise<void> {
  // The server tells no change of its activity, so it is asked until it is so.
  const text = `SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() AND ${wanted.where}`;
  for (;;) {
    const [row] = await postgres.read(text);
    if (row?.["count"] === wanted.count) return;
  }
}
