import { randomBytes } from "node:crypto";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSettings } from "@postrider/kit-config";
import { expect, onTestFinished, test } from "vitest";
import { findMasterKeyFile, writeMasterKeyFile } from "./master-key-file.ts";
import { assertMasterKeysSet, loadMasterKeys, masterKeySettings, type MasterKeySource } from "./master-key-settings.ts";
import { createMasterKey } from "./master-keys.ts";

const KEY = createMasterKey(randomBytes, "one");

function settings(environment: Readonly<Record<string, string>>): MasterKeySource {
  return parseSettings(masterKeySettings("Needed."), environment);
}

async function fileName(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "master-keys-"));
  onTestFinished(async () => {
    await rm(folder, { recursive: true });
  });
  return join(folder, "master-keys");
}

test("keys come from the variable, from the file, or from nowhere", async () => {
  const file = await fileName();
  await writeFile(file, `# ours\n${KEY}\n`);
  expect((await loadMasterKeys(settings({ POSTRIDER_MASTER_KEYS: KEY })))?.currentId).toBe("one");
  expect((await loadMasterKeys(settings({ POSTRIDER_MASTER_KEYS_FILE: file })))?.currentId).toBe("one");
  expect(await loadMasterKeys(settings({}))).toBeUndefined();
});

test("without keys a service that needs them says how to make one", () => {
  expect(() => {
    assertMasterKeysSet(settings({}));
  }).toThrow(/POSTRIDER_MASTER_KEYS_FILE or POSTRIDER_MASTER_KEYS should be set.*openssl rand -base64 32/);
});

test("both at once are refused", async () => {
  const both = settings({ POSTRIDER_MASTER_KEYS: KEY, POSTRIDER_MASTER_KEYS_FILE: "x" });
  expect(() => {
    assertMasterKeysSet(both);
  }).toThrow("are both set");
  await expect(loadMasterKeys(both)).rejects.toThrow("are both set");
});

test("a wrong variable is named, and its value is not repeated", () => {
  const wrong = KEY.slice(0, -2);
  const parse = (): unknown => settings({ POSTRIDER_MASTER_KEYS: wrong });
  expect(parse).toThrow(/^POSTRIDER_MASTER_KEYS=\(secret\) should be id:key.*\(one\) should have padded/);
  expect(parse).not.toThrow(wrong.slice(4, 24));
});

test.each([
  ["is not there", undefined, /POSTRIDER_MASTER_KEYS_FILE=".*master-keys" should be a file, and is not there/],
  ["is empty", "", /should have one id:key a line: there is no key/],
  ["has no key", "one:abc", /should have one id:key a line: entry 1 \(one\) should have padded/],
])("a file that %s is named", async (_name, text, words) => {
  const file = await fileName();
  if (text !== undefined) await writeFile(file, text);
  await expect(loadMasterKeys(settings({ POSTRIDER_MASTER_KEYS_FILE: file }))).rejects.toThrow(words);
});

test("a folder in the file's place is told as such", async () => {
  await expect(loadMasterKeys(settings({ POSTRIDER_MASTER_KEYS_FILE: tmpdir() }))).rejects.toThrow(
    /POSTRIDER_MASTER_KEYS_FILE=.* can't be read: .*EISDIR/,
  );
});

test("a file that is written is its owner's alone, and is never written over", async () => {
  const file = await fileName();
  expect(await findMasterKeyFile(file)).toBeUndefined();
  await writeMasterKeyFile(file, KEY);
  expect(await findMasterKeyFile(file)).toBe(KEY);
  if (process.platform !== "win32") expect((await stat(file)).mode & 0o777).toBe(0o600);
  await expect(writeMasterKeyFile(file, "another")).rejects.toThrow("EEXIST");
  expect(await findMasterKeyFile(file)).toBe(KEY);
});
