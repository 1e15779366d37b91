// A request that is fine but for one field, which is far too large.
import {
  create,
  type DescField,
  type DescMessage,
  fromJson,
  type JsonValue,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { GrowingField } from "./find-fields.ts";

/** Larger than any bound of a field, smaller than what a message may be. */
const TEXT_CHARS = 300_000;
const ITEMS = 3000;

/** @param fine a request that is accepted, in protobuf's JSON */
export function createOversized({ method, path }: GrowingField, fine: JsonValue): Message {
  const request = fromJson(method.input, fine);
  let message = reflect(method.input, request);
  for (const field of path.slice(0, -1)) message = enter(message, field);
  const last = path.at(-1);
  if (last) enlarge(message, last);
  return request;
}

/** The message in the field, made if it is not there; of a list the first. */
function enter(message: ReflectMessage, field: DescField): ReflectMessage {
  if (field.fieldKind === "list") {
    const list = message.get(field);
    if (list.size === 0 && field.listKind === "message") list.add(reflect(field.message));
    return list.get(0) as ReflectMessage;
  }
  if (field.fieldKind !== "message") throw new Error(`${field.name} holds no message`);
  if (!message.isSet(field)) message.set(field, reflect(field.message));
  return message.get(field);
}

function enlarge(message: ReflectMessage, field: DescField): void {
  switch (field.fieldKind) {
    case "list": {
      const list = message.get(field);
      for (let left = ITEMS; left > 0; left -= 1) list.add(makeItem(field.message, left));
      return;
    }
    case "map": {
      const map = message.get(field);
      for (let left = ITEMS; left > 0; left -= 1) map.set(`x-${left}`, "v");
      return;
    }
    default:
      message.set(field, field.scalar === ScalarType.BYTES ? Buffer.alloc(TEXT_CHARS, 0x61) : "a".repeat(TEXT_CHARS));
  }
}

function makeItem(message: DescMessage | undefined, index: number): string | ReflectMessage {
  return message ? reflect(message, create(message)) : `order.kind_${index}`;
}
