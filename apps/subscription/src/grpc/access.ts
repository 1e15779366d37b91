import type { AccessTokenServiceService } from "@postrider/contracts/postrider/v1/access";
import type { EventTypeServiceService } from "@postrider/contracts/postrider/v1/event_type";
import type { SubscriptionServiceService } from "@postrider/contracts/postrider/v1/subscription";
import type { Scope } from "@postrider/domain-access";
import type { MethodAccess } from "@postrider/kit-rpc";

/** A rule in the domain's words. */
type Rule = Extract<MethodAccess, { readonly scopes: readonly string[] }> & { readonly scopes: readonly Scope[] };
/** A method that is not in its table is not served, and does not compile. */
type Table<Definition> = Readonly<Record<keyof Definition, Rule>>;

const READ_OWN: Rule = { scopes: ["read", "manage"], bound: "own" };
const MANAGE_OWN: Rule = { scopes: ["manage"], bound: "own" };
/** What the platform's services ask each other, and what is for who runs it. */
const OPERATE: Rule = { scopes: ["operate"], bound: "refused" };

/** Who may call which method of postrider.v1.SubscriptionService. Bound callers get NOT_FOUND for what is not theirs. */
export const SUBSCRIPTION_ACCESS: Table<typeof SubscriptionServiceService> = {
  createSubscription: MANAGE_OWN,
  getSubscription: READ_OWN,
  listSubscriptions: READ_OWN,
  updateSubscription: MANAGE_OWN,
  deleteSubscription: MANAGE_OWN,
  pauseSubscription: MANAGE_OWN,
  resumeSubscription: MANAGE_OWN,
  verifySubscription: MANAGE_OWN,
  // People do so, and dispatchers after a 410.
  disableSubscription: { scopes: ["manage", "operate"], bound: "own" },
  rotateSecret: MANAGE_OWN,
  listSubscriptionHistory: READ_OWN,
  reportEndpointHealth: OPERATE,
  // With signing keys.
  resolve: OPERATE,
  watch: OPERATE,
  // For who runs the platform.
  getMasterKeyUsage: OPERATE,
  rewrapSecrets: OPERATE,
};

/** The catalog is one for all tenants. Ingest reads it with its own credentials. */
const READ_CATALOG: Rule = { scopes: ["read", "manage", "operate"], bound: "shared" };
const MANAGE_CATALOG: Rule = { scopes: ["manage"], bound: "refused" };

/** Who may call which method of postrider.v1.EventTypeService. */
export const EVENT_TYPE_ACCESS: Table<typeof EventTypeServiceService> = {
  createEventType: MANAGE_CATALOG,
  getEventType: READ_CATALOG,
  listEventTypes: READ_CATALOG,
  updateEventType: MANAGE_CATALOG,
  deprecateEventType: MANAGE_CATALOG,
  watchEventTypes: READ_CATALOG,
};

const MANAGE_TOKENS: Rule = { scopes: ["manage"], bound: "refused" };

/** Who may call which method of postrider.v1.AccessTokenService. */
export const ACCESS_TOKEN_ACCESS: Table<typeof AccessTokenServiceService> = {
  createAccessToken: MANAGE_TOKENS,
  listAccessTokens: { scopes: ["read", "manage"], bound: "refused" },
  revokeAccessToken: MANAGE_TOKENS,
  findAccessToken: OPERATE,
  watchAccessTokens: OPERATE,
  recordAccessTokenUse: OPERATE,
};
