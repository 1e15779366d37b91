import { Metadata, status } from "@grpc/grpc-js";
import { Any } from "@postrider/contracts/google/protobuf/any";
import { BadRequest, RetryInfo } from "@postrider/contracts/google/rpc/error_details";
import { Status } from "@postrider/contracts/google/rpc/status";
import { cutMessage } from "./cut-message.ts";
import { type FieldViolation, RpcError, grpcStatusOf } from "./rpc-error.ts";

/** Where gRPC carries a google.rpc.Status. */
const DETAILS_KEY = "grpc-status-details-bin";
const BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest";
const RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo";

/** Beside the message, within the 8 KiB of headers that clients take by default: base64 makes a third more of it. */
const MAX_VIOLATIONS_BYTES = 3072;
const MAX_DESCRIPTION_CHARS = 512;

/** A failure as google.rpc.Status: the form in which batches and streams carry it. */
export function encodeStatus(error: unknown): Status {
  if (!(error instanceof RpcError)) return { code: status.INTERNAL, message: "internal error", details: [] };
  const details: Any[] = [];
  if (error.violations.length > 0) {
    const fieldViolations = takeFitting(error.violations);
    details.push({ typeUrl: BAD_REQUEST, value: toBuffer(BadRequest.encode({ fieldViolations })) });
  }
  if (error.retryDelayMs !== undefined) {
    const seconds = BigInt(Math.floor(error.retryDelayMs / 1000));
    const retryDelay = { seconds, nanos: Math.round((error.retryDelayMs % 1000) * 1e6) };
    details.push({ typeUrl: RETRY_INFO, value: toBuffer(RetryInfo.encode({ retryDelay })) });
  }
  return { code: grpcStatusOf(error.code), message: cutMessage(error.message), details };
}

/** As many as fit; a last one tells how many do not. */
function takeFitting(violations: readonly FieldViolation[]): FieldViolation[] {
  const taken: FieldViolation[] = [];
  let bytes = 0;
  for (const { field, description } of violations) {
    const violation = { field: cutText(field), description: cutText(description) };
    bytes += Buffer.byteLength(violation.field) + Buffer.byteLength(violation.description) + 8;
    if (bytes > MAX_VIOLATIONS_BYTES) {
      return [...taken, { field: "", description: `${violations.length - taken.length} more are not shown` }];
    }
    taken.push(violation);
  }
  return taken;
}

function cutText(text: string): string {
  const isLong = text.length > MAX_DESCRIPTION_CHARS;
  return (isLong ? `${text.slice(0, MAX_DESCRIPTION_CHARS - 1)}…` : text).toWellFormed();
}

/** The status that a handler answers with: code, text, and the details in the trailers. */
export function encodeServiceError(error: unknown): { code: status; details: string; metadata: Metadata } {
  const encoded = encodeStatus(error);
  const metadata = new Metadata();
  if (encoded.details.length > 0) metadata.set(DETAILS_KEY, toBuffer(Status.encode(encoded)));
  const code = error instanceof RpcError ? grpcStatusOf(error.code) : status.INTERNAL;
  return { code, details: encoded.message, metadata };
}

/** What a caller can read of a failed call. */
export interface ErrorDetails {
  /** gRPC's name of the status, such as INVALID_ARGUMENT; UNKNOWN if it is not gRPC's. */
  readonly code: string;
  readonly message: string;
  readonly violations: readonly FieldViolation[];
  readonly retryDelayMs?: number;
}

/** Reads what {@link call} rejected with. Never throws. */
export function readErrorDetails(error: unknown): ErrorDetails {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "number") {
    return { code: "UNKNOWN", message: error instanceof Error ? error.message : String(error), violations: [] };
  }
  const message = "details" in error && typeof error.details === "string" ? error.details : error.message;
  const metadata = "metadata" in error && error.metadata instanceof Metadata ? error.metadata : new Metadata();
  const [encoded] = metadata.get(DETAILS_KEY);
  return { code: status[error.code] ?? "UNKNOWN", message, ...tryDecodeDetails(encoded) };
}

function tryDecodeDetails(encoded: unknown): { violations: FieldViolation[]; retryDelayMs?: number } {
  try {
    return decodeDetails(encoded);
  } catch {
    // Any proxy may have written the trailer: what is no Status tells nothing, and code and message are there anyway.
    return { violations: [] };
  }
}

function decodeDetails(encoded: unknown): { violations: FieldViolation[]; retryDelayMs?: number } {
  if (!(encoded instanceof Uint8Array)) return { violations: [] };
  const { details } = Status.decode(encoded);
  const badRequests = details.filter(({ typeUrl }) => typeUrl === BAD_REQUEST);
  const violations = badRequests.flatMap(({ value }) => BadRequest.decode(value).fieldViolations);
  const retryInfo = details.find(({ typeUrl }) => typeUrl === RETRY_INFO);
  const delay = retryInfo && RetryInfo.decode(retryInfo.value).retryDelay;
  return delay ? { violations, retryDelayMs: Number(delay.seconds) * 1000 + delay.nanos / 1e6 } : { violations };
}

function toBuffer(writer: { finish(): Uint8Array }): Buffer {
  return Buffer.from(writer.finish());
}
