import type { AccessToken } from "@postrider/contracts/postrider/v1/access";
import { formatFields, formatTable } from "./table.ts";

/** An access token as `--json` prints it; what is not set is left out. */
export function toTokenJson({ id, name, scopes, tenantId, creator, ...times }: AccessToken): object {
  return {
    ...{ id, name, scopes, tenantId: tenantId || undefined, creator },
    expireTime: times.expireTime?.toISOString(),
    createTime: times.createTime?.toISOString(),
    revokeTime: times.revokeTime?.toISOString(),
    lastUseTime: times.lastUseTime?.toISOString(),
  };
}

/** Many, for people: a line each. */
export function formatTokens(tokens: readonly AccessToken[], now: Date): string {
  if (tokens.length === 0) return "no tokens\n";
  return formatTable(
    ["id", "state", "tenant", "scopes", "expires", "last use", "name"],
    tokens.map((token) => [
      token.id,
      stateOf(token, now),
      token.tenantId || "(all)",
      token.scopes.join(","),
      dayOf(token.expireTime),
      dayOf(token.lastUseTime),
      token.name,
    ]),
  );
}

/** A new one, with the one warning that matters. */
export function formatNewToken(accessToken: AccessToken, token: string): string {
  const { id, name, scopes, tenantId, expireTime } = accessToken;
  const fields = formatFields([
    ["id", id],
    ["name", name],
    ["scopes", scopes.join(", ")],
    ["tenant", tenantId],
    ["expires", expireTime?.toISOString() ?? "never"],
  ]);
  return `${fields}\ntoken  ${token}\nIt is shown only once: keep it now. \`postrider tokens revoke ${id}\` ends it.\n`;
}

function stateOf({ revokeTime, expireTime }: AccessToken, now: Date): string {
  if (revokeTime) return "revoked";
  return expireTime && expireTime <= now ? "expired" : "valid";
}

function dayOf(time: Date | undefined): string {
  return time?.toISOString().slice(0, 10) ?? "never";
}
