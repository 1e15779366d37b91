import type { Event as EventMessage } from "@postrider/contracts/postrider/v1/ingest";
import { type Caller, RpcError } from "@postrider/kit-rpc";
import type { EventCandidate } from "../accept-event.ts";
import { assertMayPublish } from "./ingest-access.ts";

/** @throws {RpcError} invalid_argument when there is no event; permission_denied when it is not the caller's to publish */
export function decodeFrom(caller: Caller, message: EventMessage | undefined): EventCandidate {
  const candidate = decodeEventMessage(message);
  assertMayPublish(caller, candidate.tenantId);
  return candidate;
}

/** @throws {RpcError} invalid_argument when there is no event at all */
export function decodeEventMessage(message: EventMessage | undefined): EventCandidate {
  if (!message) throw RpcError.invalid([{ field: "event", description: "is required" }]);
  const data = decodePayload(message.data);
  return {
    tenantId: message.tenantId,
    type: message.type,
    ...(message.id === "" ? {} : { id: message.id }),
    ...(message.source === "" ? {} : { source: message.source }),
    ...(message.time ? { timeMs: message.time.getTime() } : {}),
    ...(message.contentType === "" ? {} : { contentType: message.contentType }),
    ...(message.orderingKey === "" ? {} : { orderingKey: message.orderingKey }),
    ...(data ? { data } : {}),
  };
}

function decodePayload(data: EventMessage["data"]): Uint8Array | undefined {
  switch (data?.$case) {
    case "binaryData":
      return data.value;
    case "jsonData":
      return Buffer.from(data.value, "utf8");
    case undefined:
      return undefined;
  }
}
