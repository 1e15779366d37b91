import { randomBytes } from "node:crypto";

import { describe, expect, test } from "vitest";
import { Webhook } from "standardwebhooks";

import { createPrivateSigningKey, createSigningSecret, parseSigningSecret } from "./signing-key.ts";

/** Of Svix's server's tests. */
const PAIR = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
const PUBLIC_KEY = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";

/** An ed25519 pair with one bit of the given byte turned over. */
function tampered(byte: number): string {
  const bytes = Buffer.from(PAIR.slice("whsk_".length), "base64");
  bytes.writeUInt8(bytes.readUInt8(byte) ^ 1, byte);
  return `whsk_${bytes.toString("base64")}`;
}

describe("parseSigningSecret", () => {
  test.each([24, 25, 32, 63, 64])("reads a secret of %i bytes", (length) => {
    const bytes = randomBytes(length);
    const parsed = parseSigningSecret(`whsec_${bytes.toString("base64")}`);

    expect(parsed.kind === "key" && parsed.key.secret.export().equals(bytes)).toBe(true);
  });

  test("reads an ed25519 pair, and tells its public key", () => {
    const parsed = parseSigningSecret(PAIR);

    expect(parsed).toMatchObject({ kind: "key", key: { scheme: "v1a", publicKey: PUBLIC_KEY } });
    expect(parsed.kind === "key" && parsed.key.secret.asymmetricKeyType).toBe("ed25519");
  });

  test.each([
    ["a bare letter", "w", "starts with whsec_"],
    ["nothing", "", "starts with whsec_"],
    ["a sign outside base64", "whsec_%", "padded standard base64"],
    ["letters that are no base64", "whsec_wronglength", "padded standard base64"],
    ["a public key", PUBLIC_KEY, "starts with whsec_"],
    ["a private key cut in its base64", PAIR.slice(0, -2), "padded standard base64"],
    [
      "a truncated private key",
      `whsk_${Buffer.alloc(63).toString("base64")}`,
      "64 bytes (seed, then public key), not 63",
    ],
    ["a seed alone", `whsk_${Buffer.alloc(32).toString("base64")}`, "64 bytes (seed, then public key), not 32"],
    ["a private key with a byte too many", `whsk_${Buffer.alloc(65).toString("base64")}`, "not 65"],
    ["a pair whose seed is another's", tampered(0), "do not belong together"],
    ["a pair whose public key is another's", tampered(63), "do not belong together"],
    ["a shared secret as a private key", `whsk_${Buffer.alloc(24).toString("base64")}`, "not 24"],
    ["a misspelt prefix", `hwsec_${Buffer.alloc(32).toString("base64")}`, "starts with whsec_"],
    ["23 bytes", `whsec_${Buffer.alloc(23).toString("base64")}`, "24 to 64 bytes, not 23"],
    ["65 bytes", `whsec_${Buffer.alloc(65).toString("base64")}`, "24 to 64 bytes, not 65"],
    ["no bytes", "whsec_", "24 to 64 bytes, not 0"],
    ["missing padding", `whsec_${"A".repeat(43)}`, "padded standard base64"],
    ["the URL alphabet", `whsec_${"-_".repeat(16)}`, "padded standard base64"],
    ["bits after the end", `whsec_${"A".repeat(42)}B=`, "padded standard base64"],
    ["a blank", `whsec_ ${Buffer.alloc(32).toString("base64")}`, "padded standard base64"],
    ["a line end", `whsec_${Buffer.alloc(32).toString("base64")}\n`, "padded standard base64"],
  ])("rejects %s", (_name, text, reason) => {
    const parsed = parseSigningSecret(text);

    expect(parsed).toEqual({ kind: "invalid", reason: expect.stringContaining(reason) as string });
  });
});

describe("createSigningSecret", () => {
  test("makes secrets that this reader and the public library accept", () => {
    const secret = createSigningSecret(randomBytes);

    expect(parseSigningSecret(secret).kind).toBe("key");
    expect(() => new Webhook(secret)).not.toThrow();
  });
});

describe("createPrivateSigningKey", () => {
  test("makes pairs that this reader accepts, each its own", () => {
    const pairs = [1, 2].map(() => createPrivateSigningKey(randomBytes));

    expect(pairs.map((pair) => parseSigningSecret(pair).kind)).toEqual(["key", "key"]);
    expect(pairs[0]).not.toBe(pairs[1]);
  });

  test("derives the public half from the seed, as RFC 8032 does", () => {
    const seed = Buffer.from(PAIR.slice("whsk_".length), "base64").subarray(0, 32);

    expect(createPrivateSigningKey(() => seed)).toBe(PAIR);
  });
});
