import { createHash, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createAccessToken, hashToken, isAccessToken } from "./index.ts";

test("a token is pr_ and 49 characters that scanners can look for, of 256 random bits", () => {
  const asked: number[] = [];
  const token = createAccessToken((count) => {
    asked.push(count);
    return randomBytes(count);
  });
  expect(token).toMatch(/^pr_[A-Za-z0-9_-]{49}$/);
  expect(asked).toEqual([32]);
  expect(createAccessToken(randomBytes)).not.toBe(token);
  // Fixed, so that a token that was made by one release is one for the next.
  // By Python's zlib and base64: a token that was made by one release is one for the next.
  expect(createAccessToken((count) => new Uint8Array(count))).toBe(`pr_${"A".repeat(43)}DCtZhg`);
});

test("a token with any character changed is none", () => {
  const token = createAccessToken(randomBytes);
  expect(isAccessToken(token)).toBe(true);
  for (let index = 0; index < token.length; index += 1) {
    const other = token[index] === "A" ? "B" : "A";
    expect(isAccessToken(token.slice(0, index) + other + token.slice(index + 1))).toBe(false);
  }
  for (const text of ["", "pr_", token.slice(0, -1), `${token}A`, ` ${token}`, token.toUpperCase()]) {
    expect(isAccessToken(text)).toBe(false);
  }
});

test("what is kept of it is its SHA-256", () => {
  expect(hashToken("pr_x")).toBe(createHash("sha256").update("pr_x").digest("hex"));
});
