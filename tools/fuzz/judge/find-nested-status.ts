// What stands in an answer that is OK as a whole: items of a batch or a stream fail one by one.
import { type DescMessage, type Message } from "@bufbuild/protobuf";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { status } from "@grpc/grpc-js";

export interface NestedStatus {
  readonly code: status;
  readonly message: string;
}

const BAD: ReadonlySet<status> = new Set([status.INTERNAL, status.UNKNOWN, status.DATA_LOSS]);

/** The first google.rpc.Status within the answer that no item should have. */
export function findNestedStatus(descriptor: DescMessage, answer: Message): NestedStatus | undefined {
  return search(reflect(descriptor, answer));
}

function search(message: ReflectMessage): NestedStatus | undefined {
  if (message.desc.typeName === "google.rpc.Status") {
    const { code, message: text } = message.message as unknown as { code: status; message: string };
    return BAD.has(code) ? { code, message: text } : undefined;
  }
  for (const field of message.fields) {
    if (field.message === undefined || !message.isSet(field)) continue;
    for (const inner of listMessages(message, field)) {
      const found = search(inner);
      if (found) return found;
    }
  }
  return undefined;
}

function listMessages(message: ReflectMessage, field: ReflectMessage["fields"][number]): readonly ReflectMessage[] {
  switch (field.fieldKind) {
    case "message":
      return [message.get(field)];
    case "list":
      return [...message.get(field)] as ReflectMessage[];
    case "map":
      return [...message.get(field).values()] as ReflectMessage[];
    default:
      return [];
  }
}
