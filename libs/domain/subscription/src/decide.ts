import type { Violation } from "@postrider/domain-event";
import { checkOverlap, checkReason, checkSettings, checkTenant } from "./check-settings.ts";
import { decideOnHealth, type HealthReport, type HealthThresholds, type Streak } from "./endpoint-health.ts";
import type { SubscriptionSettings } from "./settings.ts";
import { DEFAULT_OVERLAP_MS, type NewSigningKey } from "./signing-keys.ts";
import { isLive, type LiveSubscription, type Subscription, type SubscriptionEvent } from "./subscription.ts";

/** `atMs`: when it was asked for, milliseconds since the epoch. Ids and keys are made by the caller. */
export type SubscriptionCommand =
  | {
      readonly kind: "create";
      readonly id: string;
      readonly tenantId: string;
      readonly settings: SubscriptionSettings;
      /** Of the kind that the settings ask for. */
      readonly key: NewSigningKey;
      readonly atMs: number;
    }
  | {
      readonly kind: "update";
      readonly changes: Partial<SubscriptionSettings>;
      /** Of the kind that the changes ask for, if they name one: it is taken if that is another kind than now. */
      readonly key?: NewSigningKey;
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
  const { id, tenantId, settings, key, atMs } = command;
  if (state.kind !== "absent") return reject("already_exists", `subscription ${id} exists already`);
  const violations = [...checkTenant(tenantId), ...checkSettings(settings)];
  if (violations.length > 0) return rejectInvalid(violations);
  return accept({ kind: "subscription_created", id, tenantId, settings, key, atMs });
}

function decideChange(command: Change, state: LiveSubscription): SubscriptionDecision {
  const happened = { id: state.id, tenantId: state.tenantId, atMs: command.atMs };
  switch (command.kind) {
    case "update":
      return decideUpdate(command, state);
    case "pause":
      if (state.kind === "disabled")
        return reject("wrong_state", `${state.id} is disabled (${state.reason}): resume it`);
      return state.kind === "paused" ? accept() : accept({ ...happened, kind: "subscription_paused" });
    case "resume":
      return state.kind === "active" ? accept() : accept({ ...happened, kind: "subscription_resumed" });
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

function decideUpdate(
  { changes, key, atMs }: Extract<Change, { readonly kind: "update" }>,
  { id, tenantId, settings }: LiveSubscription,
): SubscriptionDecision {
  const changed = { ...settings, ...changes };
  const violations = checkSettings(changed);
  if (violations.length > 0) return rejectInvalid(violations);
  // Settings are plain data, so equal texts are equal settings.
  if (JSON.stringify(changed) === JSON.stringify(settings)) return accept();
  const happened = { id, tenantId, atMs };
  const updated = { ...happened, kind: "subscription_updated", changes } as const;
  if (changed.signature === settings.signature) return accept(updated);
  if (key?.kind !== changed.signature) throw new Error(`an update to ${changed.signature} came without a key for it`);
  const oldExpiresAtMs = atMs + DEFAULT_OVERLAP_MS;
  return accept(updated, { ...happened, kind: "secret_rotated", key, oldExpiresAtMs });
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
  if (state.kind === "disabled" || callbackUrl !== state.settings.callbackUrl) return accept();
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

function reject(code: "not_found" | "already_exists" | "wrong_state", message: string): SubscriptionDecision {
  return { kind: "rejected", code, message, violations: [] };
}

function rejectInvalid(violations: readonly Violation[]): SubscriptionDecision {
  return { kind: "rejected", code: "invalid", message: "the subscription breaks its bounds", violations };
}
