import { describe, expect, test } from "vitest";
import { decodePage, encodePageToken } from "./page-tokens.ts";
import { RpcError } from "./rpc-error.ts";

test("a token leads on with the list that it was given for", () => {
  const pageToken = encodePageToken("sub_1", "subscriptions of acme");
  expect(decodePage({ pageSize: 7, pageToken }, "subscriptions of acme")).toEqual({ pageSize: 7, after: "sub_1" });
});

test("the first page has no token, and neither does what follows the last", () => {
  expect(decodePage({ pageSize: 0, pageToken: "" }, "a")).toEqual({ pageSize: 100, after: "" });
  expect(encodePageToken(undefined, "a")).toBe("");
});

describe("refused", () => {
  const ofOther = encodePageToken("sub_1", "subscriptions of other");
  test.each([
    [{ pageSize: -1, pageToken: "" }, "page_size", "-1 is not from 1 to 1000"],
    [{ pageSize: 1001, pageToken: "" }, "page_size", "1001 is not from 1 to 1000"],
    [{ pageSize: 1, pageToken: ofOther }, "page_token", "is of another list"],
    [{ pageSize: 1, pageToken: "%%%" }, "page_token", '"%%%" is not a token'],
    [{ pageSize: 1, pageToken: Buffer.from("null").toString("base64url") }, "page_token", "is not a token"],
    [{ pageSize: 1, pageToken: Buffer.from("[1,2]").toString("base64url") }, "page_token", "is not a token"],
  ])("%j", (request, field, words) => {
    try {
      decodePage(request, "subscriptions of acme");
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(RpcError);
      expect(error).toMatchObject({ code: "invalid_argument", violations: [{ field }] });
      expect(String(error)).toContain(words);
    }
  });
});
