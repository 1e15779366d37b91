import { isTenantId } from "@postrider/domain-event";
import { SCOPES } from "./scope.ts";

/** How this platform speaks of what callers may do: for the parts that know tokens, but no tenants. */
export const ACCESS_WORDS = { scopes: SCOPES, owner: { name: "tenant", isValid: isTenantId } } as const;
