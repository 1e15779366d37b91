import { Metadata, status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { encodeServiceError, encodeStatus, readErrorDetails, RpcError, type RpcErrorCode } from "./index.ts";

const table: readonly (readonly [RpcErrorCode, number, string])[] = [
  ["invalid_argument", 3, "INVALID_ARGUMENT"],
  ["not_found", 5, "NOT_FOUND"],
  ["already_exists", 6, "ALREADY_EXISTS"],
  ["permission_denied", 7, "PERMISSION_DENIED"],
  ["resource_exhausted", 8, "RESOURCE_EXHAUSTED"],
  ["failed_precondition", 9, "FAILED_PRECONDITION"],
  ["aborted", 10, "ABORTED"],
  ["unimplemented", 12, "UNIMPLEMENTED"],
  ["internal", 13, "INTERNAL"],
  ["unavailable", 14, "UNAVAILABLE"],
  ["unauthenticated", 16, "UNAUTHENTICATED"],
];

/** As grpc-js gives it to the caller. */
function received(error: unknown): Error {
  return Object.assign(new Error("13 INTERNAL: grpc-js's own words"), encodeServiceError(error));
}

describe("an expected failure", () => {
  test.each(table)("%s is gRPC's status %d, %s", (code, number, name) => {
    expect(encodeServiceError(new RpcError(code, "said so"))).toMatchObject({ code: number, details: "said so" });
    expect(readErrorDetails(received(new RpcError(code, "said so")))).toEqual({
      code: name,
      message: "said so",
      violations: [],
    });
  });

  test("is never larger than what clients take of headers, whatever callers wrote into it", () => {
    for (const unit of ["a", "\u{1f600}", "%", "\ud800", "\u0000"]) {
      const violations = Array.from({ length: 1000 }, (_, index) => ({
        field: `events[${index}].${unit.repeat(300)}`,
        description: unit.repeat(5000),
      }));
      const { details, metadata } = encodeServiceError(RpcError.invalid(violations));
      const encoded = String(metadata.toHttp2Headers()["grpc-status-details-bin"]);
      expect(encodeURI(details).length + encoded.length).toBeLessThan(7000);
      const read = readErrorDetails(received(RpcError.invalid(violations)));
      expect(read.violations.at(-1)?.description).toMatch(/^\d+ more are not shown$/);
    }
  });

  test("names every field that breaks a rule, for machines and in its message", () => {
    const violations = [
      { field: "event.id", description: '"a.b" has a dot' },
      { field: "event.data", description: "is required" },
    ];
    const read = readErrorDetails(received(RpcError.invalid(violations)));
    expect(read).toEqual({
      code: "INVALID_ARGUMENT",
      message: 'event.id: "a.b" has a dot; event.data: is required',
      violations,
    });
  });

  test.each([0, 1, 200, 1500, 86_400_000])("can ask to be tried again after %d ms", (retryDelayMs) => {
    const error = new RpcError("resource_exhausted", "full", { retryDelayMs });
    expect(readErrorDetails(received(error))).toMatchObject({ code: "RESOURCE_EXHAUSTED", retryDelayMs });
  });

  test("carries its violations and its delay side by side, also as a status within a message", () => {
    const violations = [{ field: "f", description: "d" }];
    const encoded = encodeStatus(new RpcError("aborted", "both", { violations, retryDelayMs: 10 }));
    expect(encoded.details.map(({ typeUrl }) => typeUrl)).toEqual([
      "type.googleapis.com/google.rpc.BadRequest",
      "type.googleapis.com/google.rpc.RetryInfo",
    ]);
  });

  test("keeps its cause", () => {
    const cause = new Error("disk full");
    expect(new RpcError("unavailable", "not durable", { cause }).cause).toBe(cause);
    expect(new RpcError("unavailable", "not durable")).not.toHaveProperty("cause");
  });
});

describe("reading what a call rejected with", () => {
  test.each([
    [new Error("socket hang up"), "socket hang up"],
    [Object.assign(new Error("no entity"), { code: "ENOENT" }), "no entity"],
    ["a text", "a text"],
    [undefined, "undefined"],
  ])("does not take %o for gRPC's", (error, message) => {
    expect(readErrorDetails(error)).toEqual({ code: "UNKNOWN", message, violations: [] });
  });

  test("takes a status that gRPC has no name for as UNKNOWN", () => {
    expect(readErrorDetails(Object.assign(new Error("?"), { code: 99, details: "odd" }))).toEqual({
      code: "UNKNOWN",
      message: "odd",
      violations: [],
    });
  });

  test("never throws, whatever a proxy put into the details", () => {
    const metadata = new Metadata();
    metadata.set("grpc-status-details-bin", Buffer.from([0xff, 0xff, 0xff]));
    const error = Object.assign(new Error("?"), { code: status.ABORTED, details: "lost the race", metadata });
    expect(readErrorDetails(error)).toEqual({ code: "ABORTED", message: "lost the race", violations: [] });
  });
});
