import { randomBytes } from "node:crypto";
import { hashToken } from "@postrider/kit-access";
import { systemClock } from "@postrider/kit-lifecycle";
import { findStack } from "@postrider/testing";
import { describe, expect, test } from "vitest";
import { startOnPostgres } from "../testing/start-on-postgres.ts";
import { issueAccessToken, revokeAccessToken } from "./change-access-token.ts";
import { findAccessToken } from "./find-access-token.ts";
import { listAccessTokens } from "./list-access-tokens.ts";
import { recordUse } from "./record-use.ts";

const ROOT = { name: "root", scopes: { has: () => true }, boundTo: undefined };

describe.skipIf(!findStack())("access tokens in PostgreSQL", () => {
  test("are found by their hash until they are revoked, and listed with their last use, which never goes back", async () => {
    const { store, database } = await startOnPostgres();
    const deps = { store, database, clock: systemClock, randomBytes };
    const { issued, token } = await issueAccessToken(deps, ROOT, { name: "ci", scopes: ["read"] });
    expect(await findAccessToken(deps, hashToken(token))).toEqual(issued);
    for (const usedAtMs of [1_767_225_600_000, 1_767_225_500_000]) await recordUse(deps, issued.id, usedAtMs);
    const { tokens } = await listAccessTokens(deps, { pageSize: 10, after: "" });
    expect(tokens).toEqual([{ issued, usedAtMs: 1_767_225_600_000 }]);
    expect(await revokeAccessToken(deps, ROOT, issued.id)).toMatchObject({ kind: "revoked" });
    expect(await findAccessToken(deps, hashToken(token))).toBeUndefined();
  });
});
