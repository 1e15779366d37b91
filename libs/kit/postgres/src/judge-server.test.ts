import { expect, test } from "vitest";
import { findObstacle, findRisk, type ServerFacts } from "./judge-server.ts";

const good: ServerFacts = {
  version: 140_000,
  encoding: "UTF8",
  in_recovery: false,
  fsync: "on",
  synchronous_commit: "on",
};

test("a primary of version 14 or later in UTF-8 is taken", () => {
  expect(findObstacle(good)).toBeUndefined();
  expect(findObstacle({ ...good, version: 180_004 })).toBeUndefined();
});

test.each([
  [{ version: 139_999 }, "its version is 13, and 14 or later is needed"],
  [{ encoding: "SQL_ASCII" }, "encoded in SQL_ASCII"],
  [{ in_recovery: true }, "it is a standby, which only reads. Name the primary in POSTRIDER_DATABASE_URL"],
])("a server with %j is refused, and says why", (facts, words) => {
  expect(findObstacle({ ...good, ...facts })).toContain(words);
});

test.each([
  [{ fsync: "off" }, "fsync is off"],
  [{ synchronous_commit: "off" }, "synchronous_commit is off"],
])("a server with %j is a risk that is told", (facts, words) => {
  expect(findRisk({ ...good, ...facts })).toContain(words);
});

test.each(["on", "local", "remote_write", "remote_apply"])("synchronous_commit = %s is no risk", (setting) => {
  expect(findRisk({ ...good, synchronous_commit: setting })).toBeUndefined();
});
