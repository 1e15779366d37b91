import type { Violation } from "@postrider/domain-event";
import { checkOverlap, checkReason, checkSettings, checkTenant } from "./check-settings.ts";
import { decideOnHealth, type HealthReport, type HealthThresholds, type Streak } from "./endpoint-health.ts";
import type { Consent, VerificationOutcome } from "./ownership.ts";
import type { SubscriptionSettings } from "./settings.ts";
import { DEFAULT_OVERLAP_MS, type NewSigningKey } from "./signing-keys.ts";
import {
  isLive,
  isUnverified,
  type LiveSubscription,
  type Subscription,
  type SubscriptionEvent,
} from "./subscription.ts";

/** `atMs`: when it was asked for, milliseconds since the epoch. Ids and keys are made by the caller. */
export type SubscriptionCommand =
  | {
      readonly kind: "create";
      readonly id: string;
      readonly tenantId: string;
      readonly settings: SubscriptionSettings;
      /** Of the kind that the settings ask for. */
      readonly key: NewSigningKey;
      /** The platform wants somebody at the callback URL to agree first. */
      readonly mustVerify?: boolean;
      readonly atMs: number;
    }
  | {
      readonly kind: "update";
      readonly changes: Partial<SubscriptionSettings>;
      /** Of the kind that the changes ask for, if they name one: it is taken if that is another kind than now. */
      readonly key?: NewSigningKey;
      /** As with `create`: another URL is taken with the consent of whoever is there only, or while nobody agreed to any. */
      readonly mustVerify?: boolean;
      /** For the callback URL of the changes. */
      readonly consent?: Consent;
      readonly atMs: number;
    }
  | {
      readonly kind: "verify";
      /** The one that was asked. */
      readonly callbackUrl: string;
      readonly outcome: VerificationOutcome;
      readonly atMs: number;
    }
  | { readonly kind: "pause"; readonly atMs: number }
  | { readonly kind: "resume"; readonly atMs: number }
  | {
      readonly kind: "disable";
      readonly reason: string;
      /** Only while it has this callback URL: what was learnt of one URL says nothing of another. */
      readonly callbackUrl?: string;
      readonly atMs: number;
    }
  | {
      readonly kind: "report_health";
      readonly report: HealthReport;
      /** The URL that was called: what was learnt of one says nothing of another. */
      readonly callbackUrl: string;
      readonly thresholds: HealthThresholds;
      readonly atMs: number;
    }
  | {
      readonly kind: "rotate_secret";
      readonly key: NewSigningKey;
      readonly overlapMs: number;
      readonly atMs: number;
    }
  | { readonly kind: "delete"; readonly atMs: number };

/** No events: it is already as the command wants it. */
export type SubscriptionDecision =
  | { readonly kind: "accepted"; readonly events: readonly SubscriptionEvent[] }
  | {
      readonly kind: "rejected";
      readonly code: "not_found" | "already_exists" | "invalid" | "wrong_state";
      readonly message: string;
      /** What is wrong with which field; with `invalid` only. */
      readonly violations: readonly Violation[];
    };

type Create = Extract<SubscriptionCommand, { readonly kind: "create" }>;
type Change = Exclude<SubscriptionCommand, Create>;

/** What follows from a command. Pure: time, ids and keys are in the command. */
export function decide(command: SubscriptionCommand, state: Subscription): SubscriptionDecision {
  if (command.kind === "create") return decideCreate(command, state);
  if (!isLive(state)) return reject("not_found", "there is no such subscription");
  return decideChange(command, state);
}

function decideCreate(command: Create, state: Subscription): SubscriptionDecision {
  const { id, tenantId, settings, key, mustVerify = false, atMs } = command;
  if (state.kind !== "absent") return reject("already_exists", `subscription ${id} exists already`);
  const violations = [...checkTenant(tenantId), ...checkSettings(settings)];
  if (violations.length > 0) return rejectInvalid(violations);
  const created = { kind: "subscription_created", id, tenantId, settings, key, atMs } as const;
  return mustVerify ? accept(created, { kind: "verification_required", id, tenantId, atMs }) : accept(created);
}

function decideChange(command: Change, state: LiveSubscription): SubscriptionDecision {
  const happened = { id: state.id, tenantId: state.tenantId, atMs: command.atMs };
  switch (command.kind) {
    case "update":
      return decideUpdate(command, state);
    case "verify":
      return decideVerification(command, state);
    case "pause":
    case "resume":
      return decideSwitch(command, state);
    case "disable":
      return decideDisabling(command, state);
    case "report_health":
      return decideOnReport(command, state);
    case "rotate_secret":
      return decideRotation(command, state);
    case "delete":
      return accept({ ...happened, kind: "subscription_deleted" });
  }
}

function decideSwitch({ kind, atMs }: Change, state: LiveSubscription): SubscriptionDecision {
  const happened = { id: state.id, tenantId: state.tenantId, atMs };
  const isPausing = kind === "pause";
  if (state.kind === (isPausing ? "paused" : "active")) return accept();
  // What is pending must not hold deliveries, nor go.
  if (state.kind === "pending" || (isPausing && state.kind === "disabled")) return rejectState(state);
  return accept({ ...happened, kind: isPausing ? "subscription_paused" : "subscription_resumed" });
}

type Update = Extract<Change, { readonly kind: "update" }>;

function decideUpdate(command: Update, state: LiveSubscription): SubscriptionDecision {
  const { changes, key, atMs } = command;
  const { id, tenantId, settings } = state;
  const changed = { ...settings, ...changes };
  const violations = checkSettings(changed);
  if (violations.length > 0) return rejectInvalid(violations);
  // Settings are plain data, so equal texts are equal settings.
  if (JSON.stringify(changed) === JSON.stringify(settings)) return accept();
  const happened = { id, tenantId, atMs };
  const updated = { ...happened, kind: "subscription_updated", changes } as const;
  const consents = listConsents(command, state);
  if (!consents) return reject("wrong_state", `nobody at the new callback URL of ${id} has agreed`);
  const verified = consents.map((consent) => ({ ...happened, kind: "subscription_verified", consent }) as const);
  if (changed.signature === settings.signature) return accept(updated, ...verified);
  if (key?.kind !== changed.signature) throw new Error(`an update to ${changed.signature} came without a key for it`);
  const oldExpiresAtMs = atMs + DEFAULT_OVERLAP_MS;
  return accept(updated, { ...happened, kind: "secret_rotated", key, oldExpiresAtMs }, ...verified);
}

/** What came with another URL, if it did; undefined: it is missing. One where nobody agreed to any URL is asked afterwards. */
function listConsents(
  { changes, mustVerify = false, consent }: Update,
  state: LiveSubscription,
): readonly Consent[] | undefined {
  const { callbackUrl = state.settings.callbackUrl } = changes;
  if (callbackUrl === state.settings.callbackUrl || isUnverified(state)) return [];
  if (consent) return [consent];
  return mustVerify ? undefined : [];
}

function decideVerification(
  { callbackUrl, outcome, atMs }: Extract<Change, { readonly kind: "verify" }>,
  state: LiveSubscription,
): SubscriptionDecision {
  // Somebody else was faster, or it has another URL by now.
  if (state.kind !== "pending" || callbackUrl !== state.settings.callbackUrl) return accept();
  const happened = { id: state.id, tenantId: state.tenantId, atMs };
  if (outcome.kind === "agreed") {
    return accept({ ...happened, kind: "subscription_verified", consent: outcome.consent });
  }
  const { reason } = outcome;
  // Tried over and over for the same result, it would be a longer history and no news.
  return reason === state.ownership.reason ? accept() : accept({ ...happened, kind: "verification_failed", reason });
}

function decideDisabling(
  { reason, callbackUrl, atMs }: Extract<Change, { readonly kind: "disable" }>,
  state: LiveSubscription,
): SubscriptionDecision {
  const violations = checkReason(reason);
  if (violations.length > 0) return rejectInvalid(violations);
  if (state.kind === "disabled" || (callbackUrl ?? state.settings.callbackUrl) !== state.settings.callbackUrl) {
    return accept();
  }
  return accept({ id: state.id, tenantId: state.tenantId, atMs, kind: "subscription_disabled", reason });
}

function decideOnReport(
  { report, callbackUrl, thresholds, atMs }: Extract<Change, { readonly kind: "report_health" }>,
  state: LiveSubscription,
): SubscriptionDecision {
  if (state.kind === "disabled" || state.kind === "pending" || callbackUrl !== state.settings.callbackUrl) {
    return accept();
  }
  const happened = { id: state.id, tenantId: state.tenantId, atMs };
  const change = decideOnHealth(report, state.health, thresholds);
  if (!change) return accept();
  if (change.kind !== "given_up") return accept({ ...happened, ...change });
  const { streak } = change;
  return accept({ ...happened, kind: "subscription_disabled", reason: describeStreak(streak), streak });
}

function describeStreak({ sinceMs, failures }: Streak): string {
  return `nothing but failures since ${new Date(sinceMs).toISOString()}: at least ${failures} attempts`;
}

function decideRotation(
  { key, overlapMs, atMs }: Extract<Change, { readonly kind: "rotate_secret" }>,
  { id, tenantId }: LiveSubscription,
): SubscriptionDecision {
  const violations = checkOverlap(overlapMs);
  if (violations.length > 0) return rejectInvalid(violations);
  return accept({ kind: "secret_rotated", id, tenantId, key, oldExpiresAtMs: atMs + overlapMs, atMs });
}

function accept(...events: readonly SubscriptionEvent[]): SubscriptionDecision {
  return { kind: "accepted", events };
}

function rejectState(
  state: Extract<LiveSubscription, { readonly kind: "pending" | "disabled" }>,
): SubscriptionDecision {
  const words =
    state.kind === "disabled"
      ? `is disabled (${state.reason}): resume it`
      : `is pending (${state.ownership.reason}): VerifySubscription asks its callback URL again`;
  return reject("wrong_state", `${state.id} ${words}`);
}

function reject(code: "not_found" | "already_exists" | "wrong_state", message: string): SubscriptionDecision {
  return { kind: "rejected", code, message, violations: [] };
}

function rejectInvalid(violations: readonly Violation[]): SubscriptionDecision {
  return { kind: "rejected", code: "invalid", message: "the subscription breaks its bounds", violations };
}
