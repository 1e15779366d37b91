import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createAccessToken, hashToken } from "./access-token.ts";
import { type ListedCallers, parseCallersFile } from "./parse-callers-file.ts";

const WORDS = { scopes: ["write", "read"], owner: { name: "customer", isValid: (text: string) => /^\w+$/.test(text) } };
const TOKEN = createAccessToken(randomBytes);
const SHA256 = "ab".repeat(32);
const OPS = { name: "ops", scopes: ["read"] };

function parse(...callers: readonly unknown[]): ListedCallers {
  return parseCallersFile(JSON.stringify({ callers }), WORDS);
}

function problemsOf(...callers: readonly unknown[]): string {
  try {
    parse(...callers);
  } catch (error) {
    return String(error);
  }
  return "none";
}

test("callers are known by a token, by its hash, or by a certificate", () => {
  const { byToken, byCertificate } = parse(
    { ...OPS, token: TOKEN },
    { name: "orders", sha256: SHA256, scopes: ["write", "read"], customer: "acme", expires: "2030-01-31T12:00:00Z" },
    { name: "dispatcher", certificate: "URI:spiffe://example/dispatcher", scopes: ["read"] },
  );
  expect(byToken.get(hashToken(TOKEN))).toEqual({
    caller: { name: "ops", scopes: new Set(["read"]), boundTo: undefined },
    expiresAtMs: Infinity,
  });
  expect(byToken.get(SHA256)).toEqual({
    caller: { name: "orders", scopes: new Set(["write", "read"]), boundTo: "acme" },
    expiresAtMs: Date.UTC(2030, 0, 31, 12),
  });
  expect([...byCertificate.keys()]).toEqual(["URI:spiffe://example/dispatcher"]);
});

test("a file without callers is one: nobody is known by it", () => {
  expect(parse().byToken.size).toBe(0);
});

describe("what is wrong is told by its place", () => {
  test.each<[unknown, string]>([
    [3, "callers[0] should be an object"],
    [{ ...OPS }, "callers[0] should have one of token, sha256 and certificate"],
    [{ ...OPS, token: TOKEN, sha256: SHA256 }, "callers[0] should have one of token, sha256 and certificate"],
    [{ ...OPS, sha256: SHA256.toUpperCase() }, "callers[0].sha256 should be the SHA-256 of a token"],
    [{ ...OPS, certificate: "orders" }, "callers[0].certificate should be URI:..., DNS:... or CN:..."],
    [{ ...OPS, sha256: SHA256, name: "" }, "callers[0].name should be a text"],
    [{ ...OPS, sha256: SHA256, scopes: [] }, "callers[0].scopes should be a list of write, read"],
    [{ ...OPS, sha256: SHA256, scopes: ["admin"] }, "callers[0].scopes should be a list of write, read"],
    [{ ...OPS, sha256: SHA256, scopes: "read" }, "callers[0].scopes should be a list of write, read"],
    [{ ...OPS, sha256: SHA256, customer: "a b" }, "callers[0].customer should be a customer id, or left out"],
    [{ ...OPS, sha256: SHA256, customer: null }, "callers[0].customer should be a customer id, or left out"],
    [{ ...OPS, sha256: SHA256, expires: "tomorrow" }, "callers[0].expires should be a time"],
    [{ ...OPS, sha256: SHA256, tenant: "acme" }, "callers[0] has 1 unknown field(s)"],
  ])("%j", (entry, problem) => {
    expect(problemsOf(entry)).toContain(problem);
  });

  test("a token that stands twice, in plain or as a hash", () => {
    const hashed = { ...OPS, sha256: hashToken(TOKEN) };
    expect(problemsOf({ ...OPS, token: TOKEN }, hashed)).toContain("callers[1] shows the same token as one before it");
  });

  test.each(["", "[]", "{", '{"callers":{}}'])("a file of %j", (text) => {
    expect(() => parseCallersFile(text, WORDS)).toThrow("the file is not JSON such as");
  });

  test("all at once", () => {
    expect(problemsOf(3, { ...OPS })).toMatch(/callers\[0\].*\n.*callers\[1\]/);
  });
});

test("a token is never repeated, wherever it was put", () => {
  const wrong = `${TOKEN}x`;
  const entries = [
    { ...OPS, token: wrong },
    { ...OPS, sha256: TOKEN },
    { ...OPS, certificate: TOKEN },
    { ...OPS, [TOKEN]: true },
    { ...OPS, sha256: SHA256, scopes: [TOKEN], customer: `${TOKEN} `, expires: TOKEN },
  ];
  for (const entry of entries) expect(problemsOf(entry)).toMatch(/^(?!.*pr_)Error: callers/s);
  expect(() => parseCallersFile(`{"callers":[{"token":"${TOKEN}"]}`, WORDS)).toThrow(/^(?!.*pr_)/s);
});
