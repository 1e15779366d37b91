// Sends a request as it is, and tells how it was answered.
import { type DescMethod, fromBinary } from "@bufbuild/protobuf";
import { type Client, type Metadata, status } from "@grpc/grpc-js";
import { findNestedStatus } from "../judge/find-nested-status.ts";
import type { FuzzRequest } from "./make-request.ts";

export interface Outcome {
  /** gRPC's number; of what is within an answer, if that is worse. */
  readonly code: status;
  readonly details: string;
  readonly tookMs: number;
}

/** Longer than anything that a request may cost. */
const DEADLINE_MS = 20_000;
/** An endless answer, or one to a caller that stays, is left after this. */
const LISTEN_MS = 30;

const asIs = (bytes: Buffer): Buffer => bytes;

/** Resolves when the call has ended, at the deadline at the latest. */
export async function sendRequest(client: Client, request: FuzzRequest): Promise<Outcome> {
  const startedMs = performance.now();
  const answered = await begin(client, request);
  return { ...answered, tookMs: performance.now() - startedMs };
}

type Answered = Omit<Outcome, "tookMs">;

/** The events of grpc-js's calls that matter here. */
interface Call {
  readonly cancel: () => void;
  readonly write?: (message: Buffer) => boolean;
  readonly end?: () => void;
  on(event: "data", listener: (message: Buffer) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "status", listener: (ended: { code: status; details: string; metadata: Metadata }) => void): unknown;
}

async function begin(client: Client, request: FuzzRequest): Promise<Answered> {
  return await new Promise((resolve) => {
    let within: Answered | undefined;
    let hasLeft = request.ending === "cancel";
    const call = open(client, request, (message) => {
      within ??= findWithin(request.method, message);
    });
    call.on("data", (message) => {
      within ??= findWithin(request.method, message);
    });
    call.on("error", () => undefined);
    const leave = (): void => {
      hasLeft = true;
      call.cancel();
    };
    const staysOpen = request.ending === "stay" || request.method.methodKind === "server_streaming";
    const timer = staysOpen ? setTimeout(leave, LISTEN_MS) : undefined;
    if (request.ending === "cancel") setImmediate(leave);
    call.on("status", ({ code, details }) => {
      clearTimeout(timer);
      const isOurs = hasLeft && code === status.CANCELLED;
      resolve(within ?? { code: isOurs ? status.OK : code, details });
    });
    for (const message of request.messages) if (call.write) call.write(message);
    if (request.ending === "half-close") call.end?.();
  });
}

function open(client: Client, { method, messages, headers }: FuzzRequest, onAnswer: (message: Buffer) => void): Call {
  const path = `/${method.parent.typeName}/${method.name}`;
  const options = { deadline: Date.now() + DEADLINE_MS };
  const [message = Buffer.alloc(0)] = messages;
  switch (method.methodKind) {
    case "unary":
      return client.makeUnaryRequest(path, asIs, asIs, message, headers, options, (_, answer) => {
        if (answer) onAnswer(answer);
      });
    case "server_streaming":
      return client.makeServerStreamRequest(path, asIs, asIs, message, headers, options);
    case "client_streaming":
      return client.makeClientStreamRequest(path, asIs, asIs, headers, options, (_, answer) => {
        if (answer) onAnswer(answer);
      });
    case "bidi_streaming":
      return client.makeBidiStreamRequest(path, asIs, asIs, headers, options);
  }
}

/** A batch and a stream tell of each item by itself. */
function findWithin({ output }: DescMethod, message: Buffer): Answered | undefined {
  const worst = findNestedStatus(output, fromBinary(output, message));
  return worst && { code: worst.code, details: `within an answer: ${worst.message}` };
}
