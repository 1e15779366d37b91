import type { Violation } from "@postrider/domain-event";
import { checkContent, checkName } from "./check-content.ts";
import type { EventType, EventTypeContent, EventTypeEvent, ListedEventType } from "./event-type.ts";

/** `atMs`: when it was asked for, milliseconds since the epoch. */
export type EventTypeCommand =
  | { readonly kind: "create"; readonly name: string; readonly content: EventTypeContent; readonly atMs: number }
  | { readonly kind: "update"; readonly changes: Partial<EventTypeContent>; readonly atMs: number }
  | { readonly kind: "deprecate"; readonly atMs: number };

/** No events: it is already as the command wants it. */
export type EventTypeDecision =
  | { readonly kind: "accepted"; readonly events: readonly EventTypeEvent[] }
  | {
      readonly kind: "rejected";
      readonly code: "not_found" | "already_exists" | "invalid";
      readonly message: string;
      /** What is wrong with which field; with `invalid` only. */
      readonly violations: readonly Violation[];
    };

/** What follows from a command. Pure. */
export function decide(command: EventTypeCommand, state: EventType): EventTypeDecision {
  if (command.kind === "create") return decideCreate(command, state);
  if (state.kind === "absent") return reject("not_found", "there is no such event type in the catalog");
  return command.kind === "update" ? decideUpdate(command, state) : decideDeprecate(command, state);
}

function decideCreate(
  { name, content, atMs }: Extract<EventTypeCommand, { readonly kind: "create" }>,
  state: EventType,
): EventTypeDecision {
  const violations = [...checkName(name), ...checkContent(content)];
  if (violations.length > 0) return rejectInvalid(violations);
  if (state.kind !== "absent") return reject("already_exists", `event type ${name} is in the catalog already`);
  return accept({ kind: "event_type_created", name, content, atMs });
}

function decideUpdate(
  { changes, atMs }: Extract<EventTypeCommand, { readonly kind: "update" }>,
  { name, content: before }: ListedEventType,
): EventTypeDecision {
  const content = { ...before, ...changes };
  const violations = checkContent(content);
  if (violations.length > 0) return rejectInvalid(violations);
  // Content is plain data, so equal texts are equal contents: no new version for them.
  if (JSON.stringify(content) === JSON.stringify(before)) return accept();
  return accept({ kind: "event_type_updated", name, content, atMs });
}

function decideDeprecate({ atMs }: { readonly atMs: number }, { kind, name }: ListedEventType): EventTypeDecision {
  return kind === "deprecated" ? accept() : accept({ kind: "event_type_deprecated", name, atMs });
}

function accept(...events: readonly EventTypeEvent[]): EventTypeDecision {
  return { kind: "accepted", events };
}

function reject(code: "not_found" | "already_exists", message: string): EventTypeDecision {
  return { kind: "rejected", code, message, violations: [] };
}

function rejectInvalid(violations: readonly Violation[]): EventTypeDecision {
  return { kind: "rejected", code: "invalid", message: "the event type breaks its bounds", violations };
}
