// One request of a run: which method, which bytes, which headers, and how the caller behaves.
import type { DescMethod } from "@bufbuild/protobuf";
import type { Metadata } from "@grpc/grpc-js";
import { createChance } from "./chance.ts";
import type { Surroundings } from "./fitting-texts.ts";
import { makeHeaders } from "./make-headers.ts";
import { makeMessage } from "./make-message.ts";
import { mutateBytes } from "./mutate-bytes.ts";

/** What a caller does once its messages are sent. */
type Ending = "half-close" | "cancel" | "stay";

export interface FuzzRequest {
  readonly index: number;
  readonly method: DescMethod;
  /** One, but for methods that take a stream. */
  readonly messages: readonly Buffer[];
  readonly headers: Metadata;
  readonly ending: Ending;
}

export interface RequestSource {
  readonly seed: number;
  readonly methods: readonly DescMethod[];
  readonly surroundings: Surroundings;
}

/** Of a message with its mutations: what a platform takes at most is 4 MiB, and megabytes each time would be slow. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

/** The same for the same seed, number and methods. */
export function makeRequest(index: number, { seed, methods, surroundings }: RequestSource): FuzzRequest {
  const chance = createChance(seed, index);
  const method = chance.pick(methods);
  // Some fit but for a field, some have nothing that fits.
  const hostility = chance.pick([0.03, 0.15, 0.5, 1]);
  const makeOne = (): Buffer => {
    const message = makeMessage(method.input, { chance, surroundings, hostility, depth: 0 });
    const bytes = chance.often(0.35) ? mutateBytes(message, chance) : Buffer.from(message);
    return bytes.subarray(0, MAX_MESSAGE_BYTES);
  };
  const takesStream = method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
  const messages = Array.from({ length: takesStream ? chance.below(6) : 1 }, makeOne);
  return { index, method, messages, headers: makeHeaders(chance), ending: chooseEnding(chance.next(), takesStream) };
}

function chooseEnding(luck: number, takesStream: boolean): Ending {
  if (luck < 0.04) return "cancel";
  return takesStream && luck < 0.2 ? "stay" : "half-close";
}
