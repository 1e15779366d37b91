import { expect, test } from "vitest";
import { createTopic, eventLogSchema } from "./topic.ts";

test.each(["", "a b", 'a"b', "ä", "a".repeat(250)])("refuses %j as the name of a topic", (name) => {
  expect(() => eventLogSchema([name])).toThrow(`topic "${name}"`);
  expect(() => createTopic({ name, retentionMs: 1 })).toThrow(`topic "${name}"`);
});

test("refuses names that differ only in case", () => {
  expect(() => eventLogSchema(["events", "Events"])).toThrow("topic Events: named twice");
});
