import { types } from "pg";
import { expect, test } from "vitest";
import { createClientConfig, parseDatabaseUrl } from "./parse-database-url.ts";

test("a URL leads to host, port, database and user", () => {
  const url = "postgresql://anna:s%40cret@db.example.com:6543/orders?sslmode=disable";
  const address = { host: "db.example.com", port: 6543, database: "orders", user: "anna" };
  expect(parseDatabaseUrl(url)).toEqual(address);
});

test("the port is 5432 and the database that of the user's name unless said otherwise", () => {
  expect(parseDatabaseUrl("postgres://anna@localhost")).toMatchObject({ port: 5432, database: "anna" });
});

test.each(["", "s3cret", "mysql://anna:s3cret@localhost/orders", "postgres://anna:s3cret@localhost:notaport/orders"])(
  "%j is refused without being repeated",
  (url) => {
    expect(() => parseDatabaseUrl(url)).toThrow(/^POSTRIDER_DATABASE_URL is not a URL such as postgres:\/\//);
    expect(() => parseDatabaseUrl(url)).not.toThrow(/s3cret/);
  },
);

test("integers of 8 bytes are numbers, and refused beyond what a number holds", () => {
  const parse = createClientConfig("postgres://localhost", "test").types?.getTypeParser(types.builtins.INT8) as (
    text: string,
  ) => number;
  expect(parse("9007199254740991")).toBe(Number.MAX_SAFE_INTEGER);
  expect(() => parse("9007199254740993")).toThrow("9007199254740993 is beyond 2^53");
});
