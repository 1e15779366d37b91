import type { IngestServiceService } from "@postrider/contracts/postrider/v1/ingest";
import type { Scope } from "@postrider/domain-access";
import { isOperationalType, quote } from "@postrider/domain-event";
import { type Caller, type MethodAccess, RpcError } from "@postrider/kit-rpc";
import type { EventCandidate } from "../accept-event.ts";

const PUBLISH = { scopes: ["publish"] satisfies Scope[], bound: "own" } as const;

/** Who may call which method of postrider.v1.IngestService. */
export const INGEST_ACCESS: Readonly<Record<keyof typeof IngestServiceService, MethodAccess>> = {
  publish: PUBLISH,
  publishBatch: PUBLISH,
  publishStream: PUBLISH,
};

/**
 * An event of somebody else's may be published by callers that are bound to nobody only; one of Postrider's own, which tells
 * tenants of their subscriptions, by its services only.
 * @throws {RpcError} permission_denied
 */
export function assertMayPublish({ boundTo, scopes }: Caller, { tenantId, type }: EventCandidate): void {
  if (boundTo !== undefined && boundTo !== tenantId) {
    throw deny("event.tenant_id", `only events of ${boundTo} may be published with these credentials`);
  }
  const operate: Scope = "operate";
  if (isOperationalType(type) && (boundTo !== undefined || !scopes.has(operate))) {
    throw deny("event.type", `${quote(type)} is Postrider's own: publishing it needs the scope ${operate} too`);
  }
}

function deny(field: string, description: string): RpcError {
  return new RpcError("permission_denied", description, { violations: [{ field, description }] });
}
