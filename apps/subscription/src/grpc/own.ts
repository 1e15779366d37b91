import { type Caller, RpcError } from "@postrider/kit-rpc";
import { findSubscription } from "../subscriptions/find-subscription.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import { requireFound } from "./require-field.ts";

/** Whether the tenant's things are the caller's to see. */
export function owns({ boundTo }: Caller, tenantId: string | undefined): boolean {
  return boundTo === undefined || boundTo === tenantId;
}

/** For what does not exist yet. @throws {RpcError} permission_denied when it would be another tenant's */
export function assertMayMakeFor(caller: Caller, tenantId: string): void {
  if (owns(caller, tenantId)) return;
  const description = `only subscriptions of ${caller.boundTo ?? ""} may be made with these credentials`;
  const violations = [{ field: "subscription.tenant_id", description }];
  throw new RpcError("permission_denied", description, { violations });
}

/**
 * For what exists: another tenant's is as if it were not there. A subscription never changes its tenant, so it may be
 * looked at before it is changed.
 * @throws {RpcError} not_found
 */
export async function assertOwn(
  { database }: Pick<SubscriptionDeps, "database">,
  caller: Caller,
  id: string,
): Promise<void> {
  if (caller.boundTo === undefined) return;
  const found = await findSubscription({ database }, id);
  requireFound("subscription", id, found && owns(caller, found.tenantId) ? found : undefined);
}
