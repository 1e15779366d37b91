import { describe, expect, test } from "vitest";
import { decide, type EventTypeCommand } from "./decide.ts";
import { ABSENT, type EventTypeContent, type EventTypeEvent, evolve } from "./event-type.ts";

const content: EventTypeContent = {
  description: "d".repeat(4096),
  schema: `"${"é".repeat(32 * 1024 - 1)}"`,
  examples: [
    { name: "small", data: "{}" },
    { name: "n".repeat(128), data: "é".repeat(32 * 1024 - 1) },
  ],
  acknowledgement: "a".repeat(4096),
};
const other = { ...content, description: "other" };
const name = "order.paid";
const created: EventTypeEvent = { kind: "event_type_created", name, content, atMs: 1 };
const updated: EventTypeEvent = { kind: "event_type_updated", name, content: other, atMs: 2 };
const deprecated: EventTypeEvent = { kind: "event_type_deprecated", name, atMs: 2 };

function given(...events: readonly EventTypeEvent[]) {
  const state = events.reduce(evolve, ABSENT);
  return {
    when: (command: EventTypeCommand) => {
      const decision = decide(command, state);
      return {
        then: (...expected: readonly EventTypeEvent[]) => {
          expect(decision).toEqual({ kind: "accepted", events: expected });
        },
        thenRejected: (code: string, words: string) => {
          expect(decision).toMatchObject({ kind: "rejected", code });
          expect(JSON.stringify(decision)).toContain(words);
        },
      };
    },
  };
}

describe("creating", () => {
  test("puts it into the catalog as version 1, at its bounds too", () => {
    given().when({ kind: "create", name, content, atMs: 1 }).then(created);
    expect(evolve(ABSENT, created)).toEqual({
      kind: "current",
      name,
      content,
      version: 1,
      createdAtMs: 1,
      updatedAtMs: 1,
    });
  });

  test("is refused when the name is taken, also by a deprecated one", () => {
    given(created).when({ kind: "create", name, content, atMs: 2 }).thenRejected("already_exists", "order.paid");
    given(created, deprecated)
      .when({ kind: "create", name, content, atMs: 3 })
      .thenRejected("already_exists", "order.paid");
  });

  test.each(["", "1a", "a.", "order.*", "a b", "n".repeat(129)])("with the name %j is refused", (wrong) => {
    given().when({ kind: "create", name: wrong, content, atMs: 1 }).thenRejected("invalid", "event_type.name");
  });
});

describe("updating", () => {
  test("makes a new version, and keeps a deprecated one deprecated", () => {
    given(created)
      .when({ kind: "update", changes: { description: "other" }, atMs: 2 })
      .then(updated);
    expect([created, deprecated, updated].reduce(evolve, ABSENT)).toMatchObject({
      kind: "deprecated",
      content: other,
      version: 2,
      createdAtMs: 1,
      updatedAtMs: 2,
    });
  });

  test("to what it is already makes no version", () => {
    given(created)
      .when({ kind: "update", changes: { ...content }, atMs: 2 })
      .then();
  });

  test("of what is not in the catalog is refused", () => {
    given().when({ kind: "update", changes: {}, atMs: 2 }).thenRejected("not_found", "catalog");
  });
});

test("deprecating marks it once, without a new version", () => {
  given(created).when({ kind: "deprecate", atMs: 2 }).then(deprecated);
  given(created, deprecated).when({ kind: "deprecate", atMs: 3 }).then();
  given().when({ kind: "deprecate", atMs: 2 }).thenRejected("not_found", "catalog");
  expect([created, deprecated].reduce(evolve, ABSENT)).toMatchObject({
    kind: "deprecated",
    version: 1,
    updatedAtMs: 2,
  });
});

describe("each part beyond its bound is named by field, size and bound", () => {
  const example = (index: number): { name: string; data: string } => ({ name: `e${index}`, data: "1" });
  test.each<[Partial<EventTypeContent>, string]>([
    [{ description: "d".repeat(4097) }, "event_type.description has 4097 characters; at most 4096"],
    [{ schema: `"${"é".repeat(32 * 1024)}"` }, "event_type.schema has 65538 bytes; at most 65536"],
    [{ acknowledgement: "a".repeat(4097) }, "event_type.acknowledgement has 4097 characters; at most 4096"],
    [
      { examples: Array.from({ length: 21 }, (_, index) => example(index)) },
      "event_type.examples has 21 examples; at most 20",
    ],
    [{ examples: [{ name: "a", data: "1".repeat(65537) }] }, "event_type.examples has 65537 bytes of data"],
    [{ examples: [{ name: "", data: "1" }] }, "event_type.examples[0].name is required"],
    [{ examples: [example(1), example(1)] }, 'event_type.examples[1].name "e1" is there twice'],
    [{ examples: [{ name: "n".repeat(129), data: "1" }] }, "event_type.examples[0].name has 129 characters"],
  ])("%#", (broken, words) => {
    for (const command of [
      { kind: "create", name: "a", content: { ...content, ...broken }, atMs: 1 },
      { kind: "update", changes: broken, atMs: 1 },
    ] as const) {
      const decision = decide(command, command.kind === "create" ? ABSENT : evolve(ABSENT, created));
      const found = decision.kind === "rejected" ? decision.violations : [];
      expect(found.map(({ field, description }) => `${field} ${description}`).join()).toContain(words);
    }
  });
});
