import { expect, test } from "vitest";
import { parseRetryAfter, readRetryAfter } from "./retry-after.ts";

// The date of RFC 9110's examples, one minute before.
const NOW_MS = Date.UTC(1994, 10, 6, 8, 48, 37);

test.each([
  ["0", 0],
  ["120", 120_000],
  ["007", 7000],
  ["999999999999999999999999", Number.MAX_SAFE_INTEGER],
])("%s is a number of seconds", (text, expected) => {
  expect(parseRetryAfter(text, NOW_MS)).toBe(expected);
});

test.each(["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])(
  "%s is a date",
  (text) => {
    expect(parseRetryAfter(text, NOW_MS)).toBe(60_000);
  },
);

test("a date that has passed asks for no wait", () => {
  expect(parseRetryAfter("Sun, 06 Nov 1994 08:49:37 GMT", Date.UTC(2026, 0, 1))).toBe(0);
});

test("knows leap seconds, leap days and two-digit days of asctime", () => {
  expect(parseRetryAfter("Sat, 31 Dec 2016 23:59:60 GMT", Date.UTC(2017, 0, 1))).toBe(0);
  expect(parseRetryAfter("Thu, 29 Feb 2024 00:00:01 GMT", Date.UTC(2024, 1, 29))).toBe(1000);
  expect(parseRetryAfter("Wed Nov 16 00:00:01 1994", Date.UTC(1994, 10, 16))).toBe(1000);
});

test("a two-digit year more than 50 years ahead has passed", () => {
  expect(parseRetryAfter("Sunday, 06-Nov-94 08:49:37 GMT", Date.UTC(2026, 0, 1))).toBe(0);
  expect(parseRetryAfter("Friday, 01-Jan-27 00:00:00 GMT", Date.UTC(2026, 11, 31, 23, 59, 59))).toBe(1000);
});

test.each([
  "",
  " ",
  "-5",
  "+5",
  "1.5",
  "1e3",
  " 60 ",
  "60s",
  "60, 120",
  "٦٠",
  "soon",
  "2026-01-01T00:00:00Z",
  "Sun, 6 Nov 1994 08:49:37 GMT",
  "Sun, 06 Nov 1994 08:49:37",
  "Sun, 06 Nov 1994 08:49:37 UTC",
  "Sun, 06 Nov 1994 08:49:37 +0000",
  "sun, 06 nov 1994 08:49:37 gmt",
  "Mon, 06 Nov 1994 08:49:37 GMT",
  "Wed, 30 Feb 1994 08:49:37 GMT",
  "Sun, 00 Nov 1994 08:49:37 GMT",
  "Sun, 06 Nov 1994 24:00:00 GMT",
  "Sun, 06 Nov 1994 08:60:37 GMT",
  "Sun, 06 Nov 1994 08:49:61 GMT",
  "Sun, 06 Nov 0094 08:49:37 GMT",
  "Sun, 06 Nov 1994 08:49:37 GMT\n",
])("%j is nonsense", (text) => {
  expect(parseRetryAfter(text, NOW_MS)).toBeUndefined();
});

test.each([
  [undefined, {}],
  ["soon", {}],
  ["0", { retryAfterMs: 0 }],
  ["86400", { retryAfterMs: 86_400_000 }],
  ["86401", { retryAfterMs: 86_401_000, isRetryAfterClamped: true }],
  ["Mon, 06 Nov 1995 08:48:37 GMT", { retryAfterMs: 365 * 86_400_000, isRetryAfterClamped: true }],
])("an attempt with %j says %j", (text, said) => {
  expect(readRetryAfter(text, NOW_MS)).toEqual(said);
});
