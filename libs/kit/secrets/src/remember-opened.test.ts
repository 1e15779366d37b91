import { expect, test } from "vitest";
import type { Sealer } from "./create-sealer.ts";
import { rememberOpened } from "./remember-opened.ts";
import { SecretsError } from "./secrets-error.ts";

/** Opens `sealed for context`, and tells what it was asked. */
function createFake(): { readonly sealer: Sealer; readonly asked: string[] } {
  const asked: string[] = [];
  const sealer: Sealer = {
    ...{ currentKeyId: "a", keyIds: ["a"], seal: (secret, context) => `${secret} for ${context}` },
    open: (sealed, context) => {
      asked.push(sealed);
      if (!sealed.endsWith(` for ${context}`)) throw new SecretsError("unreadable", "not for this");
      return sealed.slice(0, -` for ${context}`.length);
    },
    reseal: (sealed) => sealed,
  };
  return { sealer, asked };
}

test("what was opened is not opened again", () => {
  const { sealer, asked } = createFake();
  const remembering = rememberOpened(sealer, { maxEntries: 2 });
  expect([1, 2].map(() => remembering.open("s for c", "c"))).toEqual(["s", "s"]);
  expect(asked).toEqual(["s for c"]);
});

test("what was opened for one context is not given for another", () => {
  const { sealer } = createFake();
  const remembering = rememberOpened(sealer, { maxEntries: 2 });
  remembering.open("s for c", "c");
  expect(() => remembering.open("s for c", "other")).toThrow(SecretsError);
  expect(remembering.open("s for c", "c")).toBe("s");
});

test("no more is remembered than it may", () => {
  const { sealer, asked } = createFake();
  const remembering = rememberOpened(sealer, { maxEntries: 2 });
  for (const sealed of ["1 for c", "2 for c", "3 for c", "3 for c", "2 for c", "1 for c"])
    remembering.open(sealed, "c");
  expect(asked).toEqual(["1 for c", "2 for c", "3 for c", "1 for c"]);
});

test("what can't be opened is tried again", () => {
  const { sealer, asked } = createFake();
  const remembering = rememberOpened(sealer, { maxEntries: 2 });
  for (const context of ["x", "x"]) expect(() => remembering.open("s for c", context)).toThrow("not for this");
  expect(asked).toHaveLength(2);
});
