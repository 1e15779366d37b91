import type { EventTypeServiceServer } from "@postrider/contracts/postrider/v1/event_type";
import { decodePage, encodePageToken } from "@postrider/kit-rpc";
import type { SubscriptionLookups } from "../create-lookups.ts";
import { createEventType, deprecateEventType, updateEventType } from "../event-types/change-event-type.ts";
import { findEventType } from "../event-types/find-event-type.ts";
import { listEventTypes } from "../event-types/list-event-types.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import { answer, answerStream } from "./answer.ts";
import { decodeEventTypeUpdate, decodeNewEventType, encodeEventType } from "./event-type-codec.ts";
import { requireField, requireFound } from "./require-field.ts";

const SCOPE = "event types";

/** The service of event_type.proto: decodes, calls one use case, encodes. */
export function createEventTypeService(
  deps: Pick<SubscriptionDeps, "store" | "database" | "clock">,
  lookups: Pick<SubscriptionLookups, "watchEventTypes">,
): EventTypeServiceServer {
  return {
    createEventType: answer(async (request) => {
      return { eventType: encodeEventType(await createEventType(deps, decodeNewEventType(request))) };
    }),
    getEventType: answer(async ({ name }) => {
      const found = await findEventType(deps, requireField("name", name));
      return { eventType: encodeEventType(requireFound("event type", name, found)) };
    }),
    listEventTypes: answer(async (request) => {
      const page = await listEventTypes(deps, decodePage(request, SCOPE));
      return {
        eventTypes: page.eventTypes.map(encodeEventType),
        nextPageToken: encodePageToken(page.nextAfter, SCOPE),
      };
    }),
    updateEventType: answer(async (request) => {
      return { eventType: encodeEventType(await updateEventType(deps, decodeEventTypeUpdate(request))) };
    }),
    deprecateEventType: answer(async ({ name }) => {
      return { eventType: encodeEventType(await deprecateEventType(deps, requireField("name", name))) };
    }),
    watchEventTypes: answerStream(lookups.watchEventTypes),
  };
}
