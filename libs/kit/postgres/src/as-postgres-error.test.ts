import { DatabaseError } from "pg";
import { expect, test } from "vitest";
import { asPostgresError, breaksConnection, isLostConnection } from "./as-postgres-error.ts";
import { PostgresError } from "./postgres.ts";

function serverError(state: string, severity = "ERROR"): DatabaseError {
  return Object.assign(new DatabaseError(`about ${state}`, 0, "error"), { code: state, severity });
}

test.each([
  ["08006", "unavailable"],
  ["53300", "unavailable"],
  ["53100", "unavailable"],
  ["57014", "unavailable"],
  ["57P01", "unavailable"],
  ["57P03", "unavailable"],
  ["58030", "unavailable"],
  ["40001", "unavailable"],
  ["40P01", "unavailable"],
  ["55P03", "unavailable"],
  ["25006", "unavailable"],
  ["25P03", "unavailable"],
  ["28P01", "setup"],
  ["3D000", "setup"],
  ["42501", "setup"],
  ["23505", "constraint"],
  ["23502", "constraint"],
  ["42P01", "other"],
  ["22021", "other"],
])("SQLSTATE %s is %s, in the server's words", (state, code) => {
  const error = asPostgresError(serverError(state));
  expect(error).toBeInstanceOf(PostgresError);
  expect(error).toMatchObject({ code, message: `about ${state}` });
});

test("what ends the connection is unavailable, whatever its state", () => {
  expect(asPostgresError(serverError("55000", "FATAL")).code).toBe("unavailable");
  expect(asPostgresError(serverError("55000")).code).toBe("other");
  expect(asPostgresError(serverError("28P01", "FATAL")).code).toBe("setup");
});

test.each(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH"])(
  "%s of the network is unavailable",
  (code) => {
    expect(asPostgresError(Object.assign(new Error("network"), { code })).code).toBe("unavailable");
  },
);

test("a name with several addresses tells the first one's failure", () => {
  const failures = ["::1", "127.0.0.1"].map((address) => new Error(`connect ECONNREFUSED ${address}:1`));
  const error = Object.assign(new AggregateError(failures), { code: "ECONNREFUSED" });
  expect(asPostgresError(error)).toMatchObject({ code: "unavailable", message: "connect ECONNREFUSED ::1:1" });
});

test("what is wrong with the call itself is other, on one line", () => {
  expect(asPostgresError(new TypeError("a\n  b"))).toMatchObject({ code: "other", message: "a b" });
});

test("an error of the server's leaves the connection as it was, anything else does not", () => {
  expect(breaksConnection(serverError("23505"))).toBe(false);
  expect(breaksConnection(serverError("57P01", "FATAL"))).toBe(true);
  expect(breaksConnection(new Error("Query read timeout"))).toBe(true);
});

test("a timeout is no lost connection: the statement may still run", () => {
  expect(isLostConnection(new Error("Query read timeout"))).toBe(false);
  expect(isLostConnection(serverError("57014"))).toBe(false);
  expect(isLostConnection(new Error("Connection terminated unexpectedly"))).toBe(true);
});
