import type { Event as EventMessage } from "@postrider/contracts/postrider/v1/ingest";
import { type Caller, RpcError } from "@postrider/kit-rpc";
import type { EventCandidate } from "../accept-event.ts";
import type { CallerRates } from "../caller-rates.ts";
import type { PublishItem } from "../publish.ts";
import { assertMayPublish } from "./ingest-access.ts";

/**
 * Or why it is not taken: resource_exhausted when the caller publishes too much (each one counts, also those that are
 * refused for something else); invalid_argument when there is no event; permission_denied when it is not the caller's to publish.
 */
export function decodeFrom(
  caller: Caller,
  message: EventMessage | undefined,
  rates: Pick<CallerRates, "take">,
): PublishItem {
  try {
    rates.take(caller.name);
    const candidate = decodeEventMessage(message);
    assertMayPublish(caller, candidate);
    return candidate;
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
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
