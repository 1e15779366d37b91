import type { AcceptedEvent } from "@postrider/contracts/postrider/v1/delivery";
import { Event } from "@postrider/contracts/postrider/v1/ingest";
import { parseJsonOrText } from "./json.ts";
import { formatFields, formatTable } from "./table.ts";

const NO_EVENT = Event.decode(new Uint8Array());

/** An event as `--json` prints it: JSON data as a value, other data in base64. */
export function toEventJson({ event = NO_EVENT, acceptTime, dataBytes, dataTruncated }: AcceptedEvent): object {
  return {
    id: event.id,
    tenantId: event.tenantId,
    type: event.type,
    source: event.source,
    time: event.time?.toISOString(),
    acceptTime: acceptTime?.toISOString(),
    contentType: event.contentType,
    orderingKey: event.orderingKey || undefined,
    dataBytes,
    dataTruncated: dataTruncated || undefined,
    ...toDataJson(event.data),
  };
}

function toDataJson(data: Event["data"]): object {
  if (data === undefined) return {};
  if (data.$case === "binaryData") return { dataBase64: data.value.toString("base64") };
  return { data: parseJsonOrText(data.value) };
}

/** Many, for people: a line each. */
export function formatEvents(events: readonly AcceptedEvent[]): string {
  if (events.length === 0) return "no events\n";
  return formatTable(
    ["accepted", "id", "tenant", "type", "bytes"],
    events.map(({ event = NO_EVENT, acceptTime, dataBytes }) => [
      acceptTime?.toISOString() ?? "",
      event.id,
      event.tenantId,
      event.type,
      String(dataBytes),
    ]),
  );
}

/** One, for people. */
export function formatEvent({ event = NO_EVENT, acceptTime, dataBytes, dataTruncated }: AcceptedEvent): string {
  return formatFields([
    ["id", event.id],
    ["tenant", event.tenantId],
    ["type", event.type],
    ["source", event.source],
    ["happened", event.time?.toISOString() ?? ""],
    ["accepted", acceptTime?.toISOString() ?? ""],
    ["ordering key", event.orderingKey],
    ["content type", event.contentType],
    ["data", describeData(event.data, dataTruncated ? `${dataBytes} bytes, of which the start is kept` : "")],
  ]);
}

function describeData(data: Event["data"], cut: string): string {
  if (data?.$case === "jsonData") return data.value;
  const bytes = data?.value.byteLength ?? 0;
  return cut || `${bytes} bytes (--json shows them)`;
}
