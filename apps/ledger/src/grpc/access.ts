import type { DeliveryServiceService } from "@postrider/contracts/postrider/v1/delivery";
import type { Scope } from "@postrider/domain-access";
import type { MethodAccess } from "@postrider/kit-rpc";

/** A rule in the domain's words. */
type Rule = Extract<MethodAccess, { readonly scopes: readonly string[] }> & { readonly scopes: readonly Scope[] };

const READ_OWN: Rule = { scopes: ["read", "manage"], bound: "own" };

/** Who may call which method of postrider.v1.DeliveryService. Bound callers get NOT_FOUND for what is not theirs. */
export const DELIVERY_ACCESS: Readonly<Record<keyof typeof DeliveryServiceService, Rule>> = {
  getEvent: READ_OWN,
  listEvents: READ_OWN,
  listDeliveries: READ_OWN,
  getDelivery: READ_OWN,
};
