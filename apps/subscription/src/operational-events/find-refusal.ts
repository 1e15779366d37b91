import { readErrorDetails, RpcError } from "@postrider/kit-rpc";

/** Ingest looked at the event and does not want it: asked again, it would say the same. gRPC's names. */
const FOR_GOOD: ReadonlySet<string> = new Set([
  ...["INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "FAILED_PRECONDITION", "OUT_OF_RANGE"],
]);

/**
 * The code with which ingest, over gRPC or in process, refused an event for good. Undefined for all that may pass:
 * it is away, full, not ingest at all (UNIMPLEMENTED), does not know this service (UNAUTHENTICATED), or gave it too few
 * rights (PERMISSION_DENIED: all of these events are of one kind, so that is no fault of the event).
 */
export function findRefusal(error: unknown): string | undefined {
  const code = error instanceof RpcError ? error.code.toUpperCase() : readErrorDetails(error).code;
  return FOR_GOOD.has(code) ? code : undefined;
}
