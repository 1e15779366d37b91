import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createMasterKey, parseMasterKeys } from "./master-keys.ts";

const KEY = randomBytes(32).toString("base64");
const OTHER = randomBytes(32).toString("base64");

describe("parseMasterKeys", () => {
  test.each([
    ["a setting", `new:${KEY},old:${OTHER}`],
    ["a file", `# the current one\nnew:${KEY}\n\n  # until everything is sealed anew\r\n  old:${OTHER}  \n`],
  ])("reads several from %s, the first of which is current", (_name, text) => {
    const parsed = parseMasterKeys(text);
    expect(parsed).toMatchObject({ kind: "keys", keys: { currentId: "new" } });
    expect(parsed.kind === "keys" && [...parsed.keys.byId.keys()]).toEqual(["new", "old"]);
    expect(parsed.kind === "keys" && parsed.keys.byId.get("old")?.export().toString("base64")).toBe(OTHER);
  });

  test.each([
    ["nothing", "", "there is no key"],
    ["comments only", "# key", "there is no key"],
    ["a key without an id", KEY, "entry 1 has no colon"],
    ["an empty id", `:${KEY}`, "entry 1 should begin with an id"],
    ["an id with a dot", `a.b:${KEY}`, "entry 1 should begin with an id"],
    ["an id that is too long", `${"a".repeat(33)}:${KEY}`, "entry 1 should begin with an id"],
    ["the key before the id", `${KEY}:new`, "entry 1 should begin with an id"],
    ["a second entry that is wrong", `new:${KEY},old`, "entry 2 has no colon"],
    ["no base64", `new:${"%".repeat(44)}`, "(new) should have padded standard base64"],
    ["the URL's base64", `new:${"-".repeat(43)}=`, "(new) should have padded standard base64"],
    ["base64 without padding", `new:${KEY.slice(0, -1)}`, "(new) should have padded standard base64"],
    ["16 bytes", `new:${randomBytes(16).toString("base64")}`, "(new) has a key of 16 bytes"],
    ["33 bytes", `new:${randomBytes(33).toString("base64")}`, "(new) has a key of 33 bytes"],
    ["zeros", `new:${Buffer.alloc(32).toString("base64")}`, "(new) has a key of 32 equal bytes"],
    ["an id twice", `new:${KEY},new:${OTHER}`, "the id new is there twice"],
    ["17 keys", Array.from({ length: 17 }, (_, index) => `k${index}:${KEY}`).join(), "there are 17 keys"],
  ])("refuses %s, and does not repeat the key", (_name, text, reason) => {
    const parsed = parseMasterKeys(text);
    expect(parsed).toEqual({ kind: "invalid", reason: expect.stringContaining(reason) as string });
    expect(JSON.stringify(parsed)).not.toContain(KEY.slice(0, 20));
  });

  test("gives keys that do not print themselves", () => {
    const parsed = parseMasterKeys(`new:${KEY}`);
    expect(JSON.stringify(parsed)).not.toContain(KEY.slice(0, 20));
  });
});

describe("createMasterKey", () => {
  test("makes one that is read, with an id of its own or the given one", () => {
    expect(parseMasterKeys(createMasterKey(randomBytes))).toMatchObject({ kind: "keys" });
    expect(createMasterKey(randomBytes)).not.toBe(createMasterKey(randomBytes));
    expect(createMasterKey(randomBytes, "2026-11")).toMatch(/^2026-11:[\w+/]{43}=$/);
    expect(() => createMasterKey(randomBytes, "a b")).toThrow('"a b" is no id');
  });
});
