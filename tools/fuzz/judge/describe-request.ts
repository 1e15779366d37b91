// A request that went wrong, for the one who has to find out why.
import { fromBinary, toJsonString } from "@bufbuild/protobuf";
import type { FuzzRequest } from "../requests/make-request.ts";

const SHOWN_CHARS = 2000;

export function describeRequest({ index, method, messages, headers, ending }: FuzzRequest): readonly string[] {
  return [
    `request ${index}: ${method.parent.typeName}/${method.name}, ${messages.length} message(s), then ${ending}`,
    ...(Object.keys(headers.getMap()).length > 0 ? [`  headers: ${shorten(JSON.stringify(headers.getMap()))}`] : []),
    ...messages.flatMap((message) => [
      `  base64 (${message.length} bytes): ${shorten(message.toString("base64"))}`,
      `  text: ${shorten(asText(method, message))}`,
    ]),
  ];
}

function asText({ input }: FuzzRequest["method"], message: Buffer): string {
  try {
    return toJsonString(input, fromBinary(input, message));
  } catch {
    // No message, or one that JSON can't say: as its bytes look.
    return JSON.stringify(message.toString("latin1"));
  }
}

function shorten(text: string): string {
  return text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS)}... (${text.length} characters)`;
}
