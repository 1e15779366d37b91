import { expect, test } from "vitest";
import { commaSeparated, header, integer, moment, oneOf, positiveNumber } from "./option-values.ts";

test("headers add up and keep colons in their value", () => {
  expect(header("X-Link: https://acme.example", header("X-Team: payments"))).toEqual({
    "X-Team": "payments",
    "X-Link": "https://acme.example",
  });
});

test.each(["", "X-Team", ": value", "X Team: payments"])("%j is no header", (text) => {
  expect(() => header(text)).toThrow("It must read 'Name: value'.");
});

test("an integer outside its bounds names them", () => {
  expect(integer(1, 1000)("64")).toBe(64);
  for (const text of ["0", "1001", "1.5", "-1", "ten", ""]) {
    expect(() => integer(1, 1000)(text)).toThrow("It must be an integer from 1 to 1000.");
  }
});

test("a rate is above 0", () => {
  expect(positiveNumber("0.5")).toBe(0.5);
  for (const text of ["0", "-1", "1e3", "fast"]) expect(() => positiveNumber(text)).toThrow("above 0");
});

test("a list has no empty items", () => {
  expect(commaSeparated("order.*, user_registered")).toEqual(["order.*", "user_registered"]);
  expect(() => commaSeparated("a,,b")).toThrow("without empty items");
});

test("a moment is RFC 3339, not whatever Date reads", () => {
  expect(moment("2030-01-31T12:00:00+01:00").toISOString()).toBe("2030-01-31T11:00:00.000Z");
  for (const text of ["2030", "tomorrow", "2030-01-31", "2030-13-31T12:00:00Z"]) {
    expect(() => moment(text)).toThrow("It must be a time");
  }
});

test("a choice names what there is, and nothing of Object", () => {
  expect(oneOf({ post: 1, put: 2 })("PUT")).toBe(2);
  for (const text of ["head", "constructor"]) expect(() => oneOf({ post: 1 })(text)).toThrow("one of post");
});
