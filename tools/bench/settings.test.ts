import { expect, test } from "vitest";
import { parseSettings } from "./settings.ts";

test("without options it measures all of standalone on SQLite, in full", () => {
  expect(parseSettings([])).toMatchObject({ on: "sqlite", phases: "all", quick: false, sustainedMs: 20_000 });
});

test.each([
  { args: ["--tls"], phases: "tls" },
  { args: ["--bare-only"], phases: "bare" },
  { args: ["--throughput-only", "--quick"], phases: "throughput" },
])("$args measures $phases", ({ args, phases }) => {
  expect(parseSettings(args)?.phases).toBe(phases);
});

test.each([
  { args: ["--json"], json: "-" },
  { args: ["--json", "--quick"], json: "-" },
  { args: ["--json", "result.json"], json: "result.json" },
])("$args writes the JSON to $json", ({ args, json }) => {
  expect(parseSettings(args)?.json).toBe(json);
});

test.each([
  { args: ["--profile"], profile: "standalone" },
  { args: ["--on", "kafka", "--profile"], profile: "dispatcher" },
  { args: ["--on", "kafka", "--profile", "ingest"], profile: "ingest" },
  { args: ["--on", "kafka"], profile: undefined },
])("$args profiles $profile", ({ args, profile }) => {
  expect(parseSettings(args)?.profile).toBe(profile);
});

test.each([
  { args: ["--on", "mongodb"], message: "--on is mongodb; it must be sqlite or kafka" },
  { args: ["--profile", "ingest"], message: "--profile is ingest; it must be standalone" },
])("$args is refused", ({ args, message }) => {
  expect(() => parseSettings(args)).toThrow(message);
});
