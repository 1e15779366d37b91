import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openSqlite } from "./open-sqlite.ts";
import type { Sqlite } from "./sqlite.ts";

const schema = ["CREATE TABLE IF NOT EXISTS item (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, value)"];
const insert = "INSERT INTO item (name, value) VALUES (?, ?)";
const openFiles = new Set<Sqlite>();
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "postrider-sqlite-"));
  path = join(folder, "data", "items.db");
});

afterEach(async () => {
  for (const sqlite of openFiles) await sqlite.close();
  openFiles.clear();
  await rm(folder, { recursive: true });
});

describe("values", () => {
  test("come back as they were given", async () => {
    const sqlite = await open();
    const larger = Uint8Array.from({ length: 1_000 }, (_, index) => index % 256);
    const values = ["", "grüße 😀", "a\u0000b", 1.5, -3, null, new Uint8Array(0), larger.subarray(10, 20), larger];
    await sqlite.write([{ sql: insert, rows: values.map((value, index) => [`n${index}`, value]) }]);
    await sqlite.write([{ sql: insert, rows: [["big", 9_007_199_254_740_991n]] }]);
    const rows = await sqlite.read("SELECT value FROM item ORDER BY id");
    const expected = [...values.map((value) => (value instanceof Uint8Array ? Uint8Array.from(value) : value))];
    expect(rows.map((row) => row["value"])).toEqual([...expected, 9_007_199_254_740_991]);
  });

  test("an integer beyond 2^53 is an error, not another number", async () => {
    const sqlite = await open();
    await sqlite.write([{ sql: insert, rows: [["huge", 9_007_199_254_740_993n]] }]);
    await expect(sqlite.read("SELECT value FROM item")).rejects.toMatchObject({ code: "other" });
  });
});

describe("units", () => {
  test("tell the last rowid, the changes and the rows of each statement", async () => {
    const sqlite = await open();
    const results = await sqlite.write([
      {
        sql: insert,
        rows: [
          ["a", 1],
          ["b", 2],
        ],
      },
      { sql: "UPDATE item SET value = value + 1 RETURNING name, value" },
      {
        sql: `${insert} RETURNING id`,
        rows: [
          ["c", 3],
          ["d", 4],
        ],
      },
      { sql: "SELECT count(*) AS count FROM item WHERE value > ?", rows: [[2], [3]] },
      { sql: "DELETE FROM item", rows: [] },
    ]);
    expect(results).toEqual([
      { lastRowid: 2, changes: 2, rows: [] },
      {
        lastRowid: 2,
        changes: 2,
        rows: [
          { name: "a", value: 2 },
          { name: "b", value: 3 },
        ],
      },
      { lastRowid: 4, changes: 2, rows: [{ id: 3 }, { id: 4 }] },
      { lastRowid: 4, changes: 0, rows: [{ count: 3 }, { count: 1 }] },
      { lastRowid: 0, changes: 0, rows: [] },
    ]);
  });

  test("a unit that breaks a constraint is undone alone, whole, and others of the same commit stand", async () => {
    const sqlite = await open();
    const outcomes = await Promise.allSettled([
      sqlite.write([{ sql: insert, rows: [["a", 1]] }]),
      sqlite.write([
        { sql: insert, rows: [["b", 2]] },
        {
          sql: insert,
          rows: [
            ["a", 3],
            ["c", 4],
          ],
        },
        { sql: insert, rows: [["d", 5]] },
      ]),
      sqlite.write([{ sql: insert, rows: [["e", 6]] }]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[1]).toHaveProperty("reason.code", "constraint");
    expect(await readNames(sqlite)).toEqual(["a", "e"]);
  });

  test("a statement that failed does not fail for the next one who uses it", async () => {
    const sqlite = await open();
    const returning = `${insert} RETURNING id`;
    await sqlite.write([{ sql: returning, rows: [["a", 1]] }]);
    await expect(sqlite.write([{ sql: returning, rows: [["a", 2]] }])).rejects.toMatchObject({ code: "constraint" });
    await sqlite.write([{ sql: returning, rows: [["b", 3]] }]);
    const overflowing = "SELECT abs(?) AS size";
    await expect(sqlite.read(overflowing, [-9_223_372_036_854_775_808n])).rejects.toMatchObject({ code: "other" });
    expect(await sqlite.read(overflowing, [-1])).toEqual([{ size: 1 }]);
  });

  test("a wrong SQL text fails alone", async () => {
    const sqlite = await open();
    const wrong = sqlite.write([{ sql: "INSERT INTO nowhere VALUES (1)" }]);
    const right = sqlite.write([{ sql: insert, rows: [["a", 1]] }]);
    await expect(wrong).rejects.toMatchObject({ code: "other", message: expect.stringContaining("nowhere") as string });
    await right;
    expect(await readNames(sqlite)).toEqual(["a"]);
  });

  test("rows of different widths are refused", async () => {
    const sqlite = await open();
    await expect(sqlite.write([{ sql: insert, rows: [["a", 1], ["b"]] }])).rejects.toMatchObject({ code: "other" });
  });

  test("more units at once than a batch takes are all written, in the order of the calls", async () => {
    const sqlite = await open();
    const names = Array.from({ length: 9_000 }, (_, index) => `n${index}`);
    const results = await Promise.all(names.map((name) => sqlite.write([{ sql: insert, rows: [[name, null]] }])));
    expect(results.map(([result]) => result?.lastRowid)).toEqual(names.map((_, index) => index + 1));
    expect(await readNames(sqlite)).toEqual(names);
  });

  test("statements go through more SQL texts than are kept prepared", async () => {
    const sqlite = await open();
    for (let round = 0; round < 2; round++) {
      const texts = Array.from({ length: 300 }, (_, index) => `INSERT INTO item (value) VALUES (${index})`);
      await sqlite.write(texts.map((sql) => ({ sql })));
    }
    expect(await sqlite.read("SELECT count(*) AS count FROM item")).toEqual([{ count: 600 }]);
  });
});

describe("reads", () => {
  test("see every write that was answered", async () => {
    const sqlite = await open();
    for (let count = 1; count <= 20; count++) {
      await sqlite.write([{ sql: insert, rows: [[`n${count}`, null]] }]);
      expect(await sqlite.read("SELECT count(*) AS count FROM item")).toEqual([{ count }]);
    }
  });

  test("a wrong SQL text rejects", async () => {
    const sqlite = await open();
    await expect(sqlite.read("SELECT * FROM nowhere")).rejects.toMatchObject({ name: "SqliteError", code: "other" });
  });
});

describe("opening", () => {
  test("keeps what was written", async () => {
    const sqlite = await open();
    await sqlite.write([{ sql: insert, rows: [["a", 1]] }]);
    await sqlite.close();
    openFiles.delete(sqlite);
    expect(await readNames(await open())).toEqual(["a"]);
  });

  test("a second opener is told that the file is in use", async () => {
    await open();
    await expect(openSqlite({ path, schema })).rejects.toThrow(`Cannot open ${path}: it is in use by another process`);
  });

  test("another process is told that the file is in use", async () => {
    await open();
    const child = startChild(`await openSqlite({ path, schema }).catch((error) => console.log(error.message));`);
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    expect(line).toContain("in use by another process");
    await once(child, "exit");
  });

  test("a file that is no database is named, with what to do", async () => {
    path = join(folder, "letter.txt");
    await writeFile(path, "Dear database,\n".repeat(500));
    const opening = openSqlite({ path, schema });
    await expect(opening).rejects.toMatchObject({ name: "SqliteError", code: "corrupt" });
    await expect(opening).rejects.toThrow(/letter\.txt: .*restore it from a backup/);
  });

  test("a folder that can't be made is named", async () => {
    await writeFile(join(folder, "file"), "");
    path = join(folder, "file", "items.db");
    await expect(openSqlite({ path, schema })).rejects.toThrow(`Cannot open ${path}: `);
  });

  test("a schema that fails leaves nothing of itself", async () => {
    await expect(openSqlite({ path, schema: [...schema, "CREATE TABLE"] })).rejects.toThrow("incomplete input");
    const sqlite = await open([]);
    expect(await sqlite.read("SELECT name FROM sqlite_schema")).toEqual([]);
  });
});

describe("closing", () => {
  test("finishes what was asked before, and refuses what comes after", async () => {
    const sqlite = await open();
    const before = [sqlite.write([{ sql: insert, rows: [["a", 1]] }]), sqlite.read("SELECT 1 AS one")];
    const closing = sqlite.close();
    await expect(sqlite.write([{ sql: insert, rows: [["b", 1]] }])).rejects.toMatchObject({ code: "closed" });
    await expect(sqlite.read("SELECT 1")).rejects.toMatchObject({ code: "closed" });
    await expect(Promise.all(before)).resolves.toHaveLength(2);
    await Promise.all([closing, sqlite.close()]);
    expect(await readNames(await open())).toEqual(["a"]);
  });
});

describe("when things break", () => {
  test("a full disk rejects clearly, keeps what was there, and is forgotten when there is room", async () => {
    const sqlite = await open([...schema, "PRAGMA max_page_count = 40"]);
    const value = new Uint8Array(100_000);
    await sqlite.write([{ sql: insert, rows: [["before", value]] }]);
    const outcomes = await Promise.allSettled(
      ["a", "b", "c", "d"].map((name) => sqlite.write([{ sql: insert, rows: [[name, value]] }])),
    );
    for (const outcome of outcomes) expect(outcome).toHaveProperty("reason.code", "full");
    expect(await readNames(sqlite)).toEqual(["before"]);
    await sqlite.write([{ sql: "PRAGMA max_page_count = 100000" }]);
    await sqlite.write([{ sql: insert, rows: [["after", value]] }]);
    expect(await readNames(sqlite)).toEqual(["before", "after"]);
  });

  test("a file that the system lets grow no further rejects, and keeps what was acknowledged", async () => {
    const child = startChild(`${appendForever} `, "ulimit -f 2000;");
    const lines = createInterface(child.stdout);
    const acknowledged: number[] = [];
    let code = "";
    lines.on("line", (line) => {
      if (line.startsWith("failed ")) code = line.slice("failed ".length);
      else acknowledged.push(Number(line));
    });
    await once(child, "close");
    expect(code).toMatch(/^(io|full)$/);
    expect(acknowledged.length).toBeGreaterThan(10);
    const sqlite = await open();
    expect((await readNames(sqlite)).slice(0, acknowledged.length)).toEqual(acknowledged.map(String));
    await sqlite.write([{ sql: insert, rows: [["after", null]] }]);
  });

  test("everything acknowledged is there after kill -9", async () => {
    const child = startChild(appendForever);
    const lines = createInterface(child.stdout);
    const acknowledged: number[] = [];
    lines.on("line", (line) => {
      acknowledged.push(Number(line));
      if (acknowledged.length === 300) child.kill("SIGKILL");
    });
    await once(child, "close");
    const sqlite = await open();
    const names = await readNames(sqlite);
    expect(acknowledged.length).toBeGreaterThanOrEqual(300);
    expect(names.slice(0, acknowledged.length)).toEqual(acknowledged.map(String));
    expect(await sqlite.read("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
  });
});

async function open(ddl: readonly string[] = schema): Promise<Sqlite> {
  const sqlite = await openSqlite({ path, schema: ddl });
  openFiles.add(sqlite);
  return sqlite;
}

async function readNames(sqlite: Sqlite): Promise<unknown[]> {
  const rows = await sqlite.read("SELECT name FROM item ORDER BY id");
  return rows.map((row) => row["name"]);
}

/** Appends several rows at a time; prints the number of each acknowledged row, and at last why it failed. */
const appendForever = `
  const sqlite = await openSqlite({ path, schema });
  const insert = ${JSON.stringify(insert)};
  const append = async (number) => {
    await sqlite.write([{ sql: insert, rows: [[String(number), new Uint8Array(1000)]] }]);
    process.stdout.write(number + "\\n");
  };
  try {
    for (let from = 0; ; from += 5) await Promise.all([0, 1, 2, 3, 4].map((offset) => append(from + offset)));
  } catch (error) {
    process.stdout.write("failed " + error.code + "\\n");
  }
  await sqlite.close();
`;

/** Runs a script in a process of its own, with openSqlite, path and schema at hand. */
function startChild(script: string, before = "") {
  const module = new URL("./index.ts", import.meta.url).href;
  const head = `import { openSqlite } from ${JSON.stringify(module)};
    const path = ${JSON.stringify(path)}; const schema = ${JSON.stringify(schema)};`;
  const command = `${before} exec "$0" --input-type=module --eval "$1"`;
  const stdio = ["ignore", "pipe", "inherit"] as const;
  return spawn("sh", ["-c", command, process.execPath, head + script], { stdio: [...stdio] });
}
