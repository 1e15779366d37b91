import { expect, test } from "vitest";
import { isAcknowledged, type AcknowledgementRule } from "./acknowledgement.ts";

const status: AcknowledgementRule = { kind: "status" };
const json: AcknowledgementRule = { kind: "json_status_success" };
const exact: AcknowledgementRule = { kind: "exact_body", body: "success" };

test("the status alone is enough by default", () => {
  expect(isAcknowledged(status, 204, "")).toBe(true);
  expect(isAcknowledged(status, 200, "anything")).toBe(true);
});

test.each([199, 300, 302, 404, 500])("no body helps a %d", (code) => {
  expect(isAcknowledged(status, code, "")).toBe(false);
  expect(isAcknowledged(json, code, '{"status":"success"}')).toBe(false);
  expect(isAcknowledged(exact, code, "success")).toBe(false);
});

test.each(['{"status":"success"}', ' {"code":0, "status" : "success"}\r\n'])("%j acknowledges in JSON", (body) => {
  expect(isAcknowledged(json, 200, body)).toBe(true);
});

test.each([
  "",
  "success",
  '"success"',
  "null",
  "[]",
  '["status","success"]',
  '{"status":"Success"}',
  '{"status":true}',
  '{"status":"success"',
])("%j does not", (body) => {
  expect(isAcknowledged(json, 200, body)).toBe(false);
});

test("an exact body may have white space around it, and nothing else", () => {
  expect(isAcknowledged(exact, 200, "success")).toBe(true);
  expect(isAcknowledged(exact, 200, "\r\n success\n")).toBe(true);
  expect(isAcknowledged({ kind: "exact_body", body: " ok\n" }, 200, "ok")).toBe(true);
  expect(isAcknowledged(exact, 200, "SUCCESS")).toBe(false);
  expect(isAcknowledged(exact, 200, "success!")).toBe(false);
  expect(isAcknowledged(exact, 200, "")).toBe(false);
});
