import type * as wire from "@postrider/contracts/postrider/v1/access";
import type { IssuedToken, RequestedGrant } from "@postrider/domain-access";
import type { Change } from "../watch-changes.ts";
import { requireField } from "./require-field.ts";

export function decodeGrant({ accessToken }: wire.CreateAccessTokenRequest): RequestedGrant {
  const { name, scopes, tenantId, expireTime } = requireField("access_token", accessToken);
  return {
    ...{ name, scopes },
    ...(tenantId === "" ? {} : { tenantId }),
    ...(expireTime && { expiresAtMs: expireTime.getTime() }),
  };
}

/** Never the token, nor its hash. */
export function encodeAccessToken(issued: IssuedToken, usedAtMs?: number): wire.AccessToken {
  const { id, grant, createdBy, createdAtMs, revokedAtMs } = issued;
  return {
    ...{ id, name: grant.name, scopes: [...grant.scopes], tenantId: grant.tenantId ?? "", creator: createdBy },
    expireTime: toDate(grant.expiresAtMs),
    createTime: toDate(createdAtMs),
    revokeTime: toDate(revokedAtMs),
    lastUseTime: toDate(usedAtMs),
  };
}

export function encodeAccessTokenChange({ revision, subject }: Change<string>): wire.WatchAccessTokensResponse {
  return { revision: BigInt(revision), sha256: subject ?? "" };
}

function toDate(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms);
}
