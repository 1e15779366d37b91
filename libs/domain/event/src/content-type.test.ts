import { expect, test } from "vitest";
import { isContentType, isJsonContentType } from "./content-type.ts";

test.each([
  "application/json",
  "application/json; charset=utf-8",
  "application/json;charset=utf-8 ; v=1",
  'text/plain; title="a \\" b; c"',
  "application/vnd.acme+json;",
  "a/b;;c=d",
])("%s is a content type", (text) => {
  expect(isContentType(text)).toBe(true);
});

test.each([
  "",
  "json",
  "/json",
  "text/",
  "text /plain",
  " text/plain",
  "text/plain ",
  "text/plain; a",
  "text/plain; a=",
  'text/plain; a="b',
  "text/plain\n",
  "text/plain; a=\tb",
  "text/plän",
  "a/b, c/d",
])("%j is none", (text) => {
  expect(isContentType(text)).toBe(false);
});

test("decides quickly about hostile text", () => {
  const startedAt = performance.now();
  expect(isContentType(`a/b${"; ".repeat(62)}@`)).toBe(false);
  expect(performance.now() - startedAt).toBeLessThan(1000);
});

test.each([
  ["application/json", true],
  ["Application/JSON; charset=utf-8", true],
  ["text/json ;v=1", true],
  ["application/cloudevents+json", true],
  ["application/jsonp", false],
  ["application/xml; a=json", false],
  ["application/+json", false],
  ["application/json-seq", false],
  ["json", false],
])("%s is JSON: %s", (contentType, expected) => {
  expect(isJsonContentType(contentType)).toBe(expected);
});
