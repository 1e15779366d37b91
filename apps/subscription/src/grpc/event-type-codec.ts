import type * as wire from "@postrider/contracts/postrider/v1/event_type";
import type { EventTypeContent, ListedEventType } from "@postrider/domain-catalog";
import type { EventTypeUpdate, NewEventType } from "../event-types/change-event-type.ts";
import type { Change } from "../watch-changes.ts";
import { pick, readMask } from "./read-mask.ts";
import { requireField } from "./require-field.ts";

/** What an update may name. */
const UPDATABLE: Readonly<Record<string, keyof EventTypeContent>> = {
  description: "description",
  schema: "schema",
  examples: "examples",
  acknowledgement: "acknowledgement",
};

export function decodeNewEventType(request: wire.CreateEventTypeRequest): NewEventType {
  const message = requireField("event_type", request.eventType);
  return { name: message.name, content: decodeContent(message) };
}

/** An empty mask stands for all fields. */
export function decodeEventTypeUpdate({ eventType, updateMask }: wire.UpdateEventTypeRequest): EventTypeUpdate {
  const message = requireField("event_type", eventType);
  const name = requireField("event_type.name", message.name);
  const paths = updateMask?.length ? updateMask : Object.keys(UPDATABLE);
  return { name, changes: pick(decodeContent(message), readMask(paths, UPDATABLE)) };
}

export function encodeEventType(eventType: ListedEventType): wire.EventType {
  const { kind, name, content, version, createdAtMs, updatedAtMs } = eventType;
  return {
    name,
    ...content,
    examples: content.examples.map((example) => ({ ...example })),
    deprecated: kind === "deprecated",
    version,
    createTime: new Date(createdAtMs),
    updateTime: new Date(updatedAtMs),
  };
}

export function encodeEventTypeChange({ revision, subject }: Change<string>): wire.EventTypeChange {
  return { revision: BigInt(revision), name: subject ?? "" };
}

function decodeContent({ description, schema, examples, acknowledgement }: wire.EventType): EventTypeContent {
  return {
    description,
    schema,
    examples: examples.map(({ name, data }) => ({ name, data })),
    acknowledgement,
  };
}
