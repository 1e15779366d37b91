import type { AccessTokenServiceServer } from "@postrider/contracts/postrider/v1/access";
import { RpcError, decodePage, encodePageToken } from "@postrider/kit-rpc";
import { issueAccessToken, revokeAccessToken } from "../access-tokens/change-access-token.ts";
import { findAccessToken } from "../access-tokens/find-access-token.ts";
import { listAccessTokens } from "../access-tokens/list-access-tokens.ts";
import { recordUse } from "../access-tokens/record-use.ts";
import { watchAccessTokens } from "../access-tokens/watch-access-tokens.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import { decodeGrant, encodeAccessToken, encodeAccessTokenChange } from "./access-token-codec.ts";
import { answer, answerStream } from "./answer.ts";
import { requireField, requireTimeMs } from "./require-field.ts";

const SCOPE = "access tokens";
const SHA256 = /^[0-9a-f]{64}$/;

/** The service of access.proto: decodes, calls one use case, encodes. */
export function createAccessTokenService(
  deps: Pick<SubscriptionDeps, "store" | "database" | "clock" | "randomBytes">,
): AccessTokenServiceServer {
  return {
    createAccessToken: answer(async (request, caller) => {
      const { issued, token } = await issueAccessToken(deps, caller, decodeGrant(request));
      return { accessToken: encodeAccessToken(issued), token };
    }),
    listAccessTokens: answer(async (request) => {
      const page = await listAccessTokens(deps, decodePage(request, SCOPE));
      return {
        accessTokens: page.tokens.map(({ issued, usedAtMs }) => encodeAccessToken(issued, usedAtMs)),
        nextPageToken: encodePageToken(page.nextAfter, SCOPE),
      };
    }),
    revokeAccessToken: answer(async ({ id }, caller) => {
      return { accessToken: encodeAccessToken(await revokeAccessToken(deps, caller, requireField("id", id))) };
    }),
    findAccessToken: answer(async ({ sha256 }) => {
      const found = await findAccessToken(deps, requireHash(sha256));
      if (!found) throw new RpcError("not_found", "there is no valid access token of that hash");
      return { accessToken: encodeAccessToken(found) };
    }),
    watchAccessTokens: answerStream(async function* ({ afterRevision }, signal) {
      for await (const change of watchAccessTokens(deps, afterRevision, signal)) yield encodeAccessTokenChange(change);
    }),
    recordAccessTokenUse: answer(async ({ id, useTime }) => {
      await recordUse(deps, requireField("id", id), requireTimeMs("use_time", useTime));
      return {};
    }),
  };
}

function requireHash(sha256: string): string {
  if (SHA256.test(requireField("sha256", sha256))) return sha256;
  // Not what it is: a token could have been put there.
  throw RpcError.invalid([{ field: "sha256", description: "is not 64 hexadecimal digits in lower case" }]);
}
