import { randomBytes, webcrypto } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createSealer, type Sealer } from "./create-sealer.ts";
import { createMasterKey, parseMasterKeys } from "./master-keys.ts";
import { SecretsError } from "./secrets-error.ts";

const FIRST = createMasterKey(randomBytes, "first");
const SECOND = createMasterKey(randomBytes, "second");
const CONTEXT = "acme|sub_1";
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw naïve 😀";

function sealerOf(...entries: readonly string[]): Sealer {
  const parsed = parseMasterKeys(entries.join(","));
  if (parsed.kind === "invalid") throw new Error(parsed.reason);
  return createSealer({ masterKeys: parsed.keys, randomBytes });
}

function failureOf(action: () => unknown): SecretsError {
  try {
    action();
  } catch (error) {
    if (error instanceof SecretsError) return error;
    throw error;
  }
  throw new Error("it went well");
}

describe("a sealed secret", () => {
  test("opens in its context, also when the key is no longer the first", () => {
    const sealed = sealerOf(FIRST).seal(SECRET, CONTEXT);
    expect(sealerOf(FIRST).open(sealed, CONTEXT)).toBe(SECRET);
    expect(sealerOf(SECOND, FIRST).open(sealed, CONTEXT)).toBe(SECRET);
    expect(sealed).toMatch(/^s1\.first\.[\w-]{80}\.[\w-]+$/);
    expect(sealed).not.toContain("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  });

  test("is another text each time", () => {
    const sealer = sealerOf(FIRST);
    expect(new Set(Array.from({ length: 100 }, () => sealer.seal(SECRET, CONTEXT))).size).toBe(100);
  });

  test("opens in no other context", () => {
    const sealer = sealerOf(FIRST);
    const sealed = sealer.seal(SECRET, CONTEXT);
    for (const other of ["", "acme|sub_2", "acme|sub_1|", "acm|esub_1"]) {
      expect(failureOf(() => sealer.open(sealed, other)).code).toBe("unreadable");
      expect(failureOf(() => sealerOf(SECOND, FIRST).reseal(sealed, other)).code).toBe("unreadable");
    }
  });

  test("names the key that is missing", () => {
    const sealed = sealerOf(FIRST).seal(SECRET, CONTEXT);
    const failure = failureOf(() => sealerOf(SECOND).open(sealed, CONTEXT));
    expect(failure).toMatchObject({ code: "unknown_key" });
    expect(failure.message).toBe("it is sealed under master key first, and this process has second");
  });

  test("is not opened by another key of the same name", () => {
    const sealed = sealerOf(FIRST).seal(SECRET, CONTEXT);
    const impostor = createMasterKey(randomBytes, "first");
    expect(failureOf(() => sealerOf(impostor).open(sealed, CONTEXT))).toMatchObject({
      code: "unreadable",
      message: expect.stringContaining("master key first does not open it") as string,
    });
  });

  test("does not open with any bit changed, cut off, or put together from two", () => {
    const sealer = sealerOf(FIRST, SECOND);
    const [, , wrapped = "", body = ""] = sealer.seal(SECRET, CONTEXT).split(".");
    const [, , otherWrapped = "", otherBody = ""] = sealer.seal(SECRET, CONTEXT).split(".");
    const changed = [
      ...flipEachByte(wrapped).map((part) => `s1.first.${part}.${body}`),
      ...flipEachByte(body).map((part) => `s1.first.${wrapped}.${part}`),
      `s1.second.${wrapped}.${body}`,
      `s1.first.${wrapped}.${otherBody}`,
      `s1.first.${otherWrapped}.${body}`,
      `s1.first.${wrapped}.${body.slice(0, 8)}`,
      `s1.first.${wrapped}.${body}.x`,
      `s2.first.${wrapped}.${body}`,
      `s1.first..${body}`,
      `s1.first.${body}`,
      "",
      SECRET,
    ];
    for (const text of changed) expect(failureOf(() => sealer.open(text, CONTEXT)).code).toBe("unreadable");
  });

  test("can be read by who follows the format, with another implementation", async () => {
    const sealed = sealerOf(FIRST).seal(SECRET, CONTEXT);
    const [format, id, wrapped = "", body = ""] = sealed.split(".");
    const masterKey = Buffer.from(FIRST.slice("first:".length), "base64");
    const dataKey = await decryptWithWebCrypto(masterKey, wrapped, `${format ?? ""}.${id ?? ""}.${CONTEXT}`);
    expect((await decryptWithWebCrypto(dataKey, body, CONTEXT)).toString()).toBe(SECRET);
  });
});

test("another known key can seal too", () => {
  const sealed = sealerOf(FIRST, SECOND).seal(SECRET, CONTEXT, "second");
  expect(sealerOf(SECOND).open(sealed, CONTEXT)).toBe(SECRET);
  expect(failureOf(() => sealerOf(FIRST).seal(SECRET, CONTEXT, "second")).code).toBe("unknown_key");
});

describe("resealing", () => {
  test("moves a secret under the current key, and leaves the secret's own part as it is", () => {
    const old = sealerOf(FIRST).seal(SECRET, CONTEXT);
    const fresh = sealerOf(SECOND, FIRST).reseal(old, CONTEXT);
    expect(fresh).toMatch(/^s1\.second\./);
    expect(fresh.split(".")[3]).toBe(old.split(".")[3]);
    expect(sealerOf(SECOND).open(fresh, CONTEXT)).toBe(SECRET);
  });

  test("leaves alone what is under the current key already", () => {
    const sealed = sealerOf(FIRST).seal(SECRET, CONTEXT);
    expect(sealerOf(FIRST, SECOND).reseal(sealed, CONTEXT)).toBe(sealed);
  });
});

/** The sealed part with one bit turned over, once for each of its bytes. */
function flipEachByte(part: string): readonly string[] {
  const bytes = Buffer.from(part, "base64url");
  return Array.from(bytes, (byte, index) => {
    const copy = Buffer.from(bytes);
    copy[index] = byte ^ 1;
    return copy.toString("base64url");
  });
}

async function decryptWithWebCrypto(key: Uint8Array, sealed: string, context: string): Promise<Buffer> {
  const bytes = Buffer.from(sealed, "base64url");
  const imported = await webcrypto.subtle.importKey("raw", Buffer.from(key), "AES-GCM", false, ["decrypt"]);
  const algorithm = { name: "AES-GCM", iv: bytes.subarray(0, 12), additionalData: Buffer.from(context) };
  return Buffer.from(await webcrypto.subtle.decrypt(algorithm, imported, bytes.subarray(12)));
}
