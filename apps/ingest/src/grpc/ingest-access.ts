import type { IngestServiceService } from "@postrider/contracts/postrider/v1/ingest";
import type { Scope } from "@postrider/domain-access";
import { type Caller, type MethodAccess, RpcError } from "@postrider/kit-rpc";

const PUBLISH = { scopes: ["publish"] satisfies Scope[], bound: "own" } as const;

/** Who may call which method of postrider.v1.IngestService. */
export const INGEST_ACCESS: Readonly<Record<keyof typeof IngestServiceService, MethodAccess>> = {
  publish: PUBLISH,
  publishBatch: PUBLISH,
  publishStream: PUBLISH,
};

/** An event of somebody else's may be published by callers that are bound to nobody only. @throws {RpcError} permission_denied */
export function assertMayPublish({ boundTo }: Caller, tenantId: string): void {
  if (boundTo === undefined || boundTo === tenantId) return;
  const description = `only events of ${boundTo} may be published with these credentials`;
  throw new RpcError("permission_denied", description, { violations: [{ field: "event.tenant_id", description }] });
}
