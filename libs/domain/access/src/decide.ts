import { isTenantId, quote, type Violation } from "@postrider/domain-event";
import type { AccessToken, AccessTokenEvent, Grant } from "./access-token.ts";
import { isScope, SCOPES } from "./scope.ts";

/** What is asked for, before it is checked. */
export interface RequestedGrant extends Omit<Grant, "scopes"> {
  readonly scopes: readonly string[];
}

/** `by`: the name of who asks; `atMs`: when, milliseconds since the epoch. */
export type AccessTokenCommand =
  | {
      readonly kind: "create";
      readonly id: string;
      readonly sha256: string;
      readonly grant: RequestedGrant;
      readonly by: string;
      readonly atMs: number;
    }
  | { readonly kind: "revoke"; readonly by: string; readonly atMs: number };

/** No events: it is already as the command wants it. */
export type AccessTokenDecision =
  | { readonly kind: "accepted"; readonly events: readonly AccessTokenEvent[] }
  | {
      readonly kind: "rejected";
      readonly code: "not_found" | "already_exists" | "invalid";
      readonly message: string;
      /** What is wrong with which field; with `invalid` only. */
      readonly violations: readonly Violation[];
    };

/** Long enough for a sentence. */
const MAX_NAME_CHARS = 128;

/** What follows from a command. Pure. */
export function decide(command: AccessTokenCommand, state: AccessToken): AccessTokenDecision {
  if (command.kind === "create") return decideCreate(command, state);
  if (state.kind === "absent") return reject("not_found", "there is no such access token");
  if (state.kind === "revoked") return accept();
  const { id, sha256 } = state;
  return accept({ kind: "access_token_revoked", id, sha256, by: command.by, atMs: command.atMs });
}

function decideCreate(
  { id, sha256, grant, by, atMs }: Extract<AccessTokenCommand, { readonly kind: "create" }>,
  state: AccessToken,
): AccessTokenDecision {
  const violations = [...checkName(grant.name), ...checkReach(grant), ...checkExpiry(grant, atMs)];
  const scopes = grant.scopes.filter(isScope);
  if (violations.length > 0) return { kind: "rejected", code: "invalid", message: "the token is refused", violations };
  if (state.kind !== "absent") return reject("already_exists", `access token ${id} is there already`);
  return accept({ kind: "access_token_created", id, sha256, grant: { ...grant, scopes }, by, atMs });
}

function checkName(name: string): readonly Violation[] {
  const field = "access_token.name";
  if (name === "") return [{ field, description: "is required: it says who has the token, for what" }];
  if (/\p{Cc}/u.test(name) || !name.isWellFormed()) {
    return [{ field, description: `${quote(name.toWellFormed())} holds a control character or half of a character` }];
  }
  if (name.length <= MAX_NAME_CHARS) return [];
  return [{ field, description: `${name.length} characters are more than ${MAX_NAME_CHARS}` }];
}

function checkReach({ scopes, tenantId }: RequestedGrant): readonly Violation[] {
  const field = "access_token.scopes";
  const violations: Violation[] = [];
  if (scopes.length === 0) violations.push({ field, description: `is required: of ${SCOPES.join(", ")}` });
  const unknown = scopes.find((scope) => !isScope(scope));
  if (unknown !== undefined) {
    violations.push({ field, description: `${quote(unknown)} is not one of ${SCOPES.join(", ")}` });
  }
  const repeated = scopes.find((scope, index) => scopes.indexOf(scope) !== index);
  if (repeated !== undefined) violations.push({ field, description: `${quote(repeated)} is there twice` });
  if (tenantId !== undefined && !isTenantId(tenantId)) {
    violations.push({ field: "access_token.tenant_id", description: `${quote(tenantId)} is not a tenant id` });
  }
  return violations;
}

/** 9999-12-31T23:59:59.999Z: what a Timestamp may say. */
const MAX_TIME_MS = 253_402_300_799_999;

function checkExpiry({ expiresAtMs }: RequestedGrant, atMs: number): readonly Violation[] {
  if (expiresAtMs === undefined || (expiresAtMs > atMs && expiresAtMs <= MAX_TIME_MS)) return [];
  // As a number: of what is beyond the calendar there is no date, and JavaScript throws.
  const description = `${expiresAtMs} ms since the epoch is not in the future, up to the year 9999`;
  return [{ field: "access_token.expire_time", description }];
}

function accept(...events: readonly AccessTokenEvent[]): AccessTokenDecision {
  return { kind: "accepted", events };
}

function reject(code: "not_found" | "already_exists", message: string): AccessTokenDecision {
  return { kind: "rejected", code, message, violations: [] };
}
