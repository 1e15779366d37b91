import { randomBytes } from "node:crypto";

import { describe, expect, test } from "vitest";
import { Webhook } from "standardwebhooks";

import { createSigningSecret, parseSigningSecret } from "./signing-key.ts";

describe("parseSigningSecret", () => {
  test.each([24, 25, 32, 63, 64])("reads a secret of %i bytes", (length) => {
    const bytes = randomBytes(length);
    const parsed = parseSigningSecret(`whsec_${bytes.toString("base64")}`);

    expect(parsed.kind === "key" && parsed.key.secret.export().equals(bytes)).toBe(true);
  });

  test.each([
    ["a bare letter", "w", "starts with whsec_"],
    ["nothing", "", "starts with whsec_"],
    ["a sign outside base64", "whsec_%", "padded standard base64"],
    ["letters that are no base64", "whsec_wronglength", "padded standard base64"],
    ["a public key", `whpk_${Buffer.alloc(32).toString("base64")}`, "starts with whsec_"],
    ["a truncated private key", `whsk_${Buffer.alloc(40).toString("base64")}`, "starts with whsec_"],
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
