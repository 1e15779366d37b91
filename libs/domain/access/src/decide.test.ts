import { describe, expect, test } from "vitest";
import { ABSENT, type AccessToken, type AccessTokenEvent, decide, evolve, type RequestedGrant } from "./index.ts";

const NOW = 1_767_225_600_000;
const SHA256 = "0".repeat(64);
const GRANT: RequestedGrant = { name: "orders service", scopes: ["publish", "read"], tenantId: "acme" };
const CREATED: AccessTokenEvent = {
  ...{ kind: "access_token_created", id: "tok_1", sha256: SHA256, by: "ops", atMs: NOW },
  grant: { name: "orders service", scopes: ["publish", "read"], tenantId: "acme" },
};
const VALID: AccessToken = evolve(ABSENT, CREATED);

function create(grant: Partial<RequestedGrant> = {}, state: AccessToken = ABSENT): ReturnType<typeof decide> {
  const whole = { ...GRANT, ...grant };
  return decide({ kind: "create", id: "tok_1", sha256: SHA256, grant: whole, by: "ops", atMs: NOW }, state);
}

describe("a token", () => {
  test("is made with what it grants, and by whom", () => {
    expect(create()).toEqual({ kind: "accepted", events: [CREATED] });
    expect(VALID).toMatchObject({ kind: "valid", id: "tok_1", createdBy: "ops", createdAtMs: NOW });
  });

  test("is not made twice under one id", () => {
    expect(create({}, VALID)).toMatchObject({ kind: "rejected", code: "already_exists" });
  });

  test.each<[string, Partial<RequestedGrant>, string]>([
    ["no name", { name: "" }, "access_token.name"],
    ["a name too long", { name: "x".repeat(129) }, "access_token.name"],
    ["a name with a control character", { name: "a\nb" }, "access_token.name"],
    ["half a character", { name: "\ud83d" }, "access_token.name"],
    ["no scope", { scopes: [] }, "access_token.scopes"],
    ["a scope that is none", { scopes: ["publish", "admin"] }, "access_token.scopes"],
    ["a scope twice", { scopes: ["read", "read"] }, "access_token.scopes"],
    ["a tenant that can't be", { tenantId: "a b" }, "access_token.tenant_id"],
    ["an end in the past", { expiresAtMs: NOW }, "access_token.expire_time"],
    ["an end beyond the calendar", { expiresAtMs: 253_402_300_800_000 }, "access_token.expire_time"],
    ["an end that is no time", { expiresAtMs: NaN }, "access_token.expire_time"],
  ])("with %s is refused", (_, grant, field) => {
    expect(create(grant)).toMatchObject({ kind: "rejected", code: "invalid", violations: [{ field }] });
  });

  test("that is revoked stays so, and says when", () => {
    const decision = decide({ kind: "revoke", by: "ops", atMs: NOW + 1 }, VALID);
    const events = decision.kind === "accepted" ? decision.events : [];
    expect(events).toEqual([{ kind: "access_token_revoked", id: "tok_1", sha256: SHA256, by: "ops", atMs: NOW + 1 }]);
    const revoked = events.reduce(evolve, VALID);
    expect(revoked).toMatchObject({ kind: "revoked", revokedAtMs: NOW + 1 });
    expect(decide({ kind: "revoke", by: "ops", atMs: NOW + 2 }, revoked)).toEqual({ kind: "accepted", events: [] });
  });

  test("that never was can't be revoked", () => {
    expect(decide({ kind: "revoke", by: "ops", atMs: NOW }, ABSENT)).toMatchObject({ code: "not_found" });
  });
});
