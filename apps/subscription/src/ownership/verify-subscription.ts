import { decide, type LiveSubscription, type VerificationOutcome } from "@postrider/domain-subscription";
import { EventStoreError } from "@postrider/kit-event-store";
import { RpcError } from "@postrider/kit-rpc";
import { SecretsError } from "@postrider/kit-secrets";
import { decideOnStream } from "../store/decide-on-stream.ts";
import { subscriptionAggregate, subscriptionStream } from "../store/subscription-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import { assertLive } from "../subscriptions/assert-live.ts";
import { findSubscription } from "../subscriptions/find-subscription.ts";
import type { Exhausted } from "./attempt-budget.ts";
import { loadSigningKeys } from "./load-signing-keys.ts";

type Deps = Pick<SubscriptionDeps, "store" | "database" | "sealer" | "clock" | "urlVerifier">;

/**
 * Asks the callback URL of a pending subscription, and lets it go if it agrees. Others are left as they are; undefined: there
 * is none.
 * @throws {RpcError} `failed_precondition` for a disabled one; `resource_exhausted` when it was asked for too often
 */
export async function verifySubscription(deps: Deps, id: string): Promise<LiveSubscription | undefined> {
  const subscription = await findSubscription(deps, id);
  if (subscription?.kind === "disabled") {
    throw new RpcError("failed_precondition", `${id} is disabled (${subscription.reason}): resume it`);
  }
  if (subscription?.kind !== "pending") return subscription;
  const outcome = await askCallbackUrl(deps, subscription);
  if (outcome.kind === "exhausted") throw asRpcError(outcome);
  return await recordOutcome(deps, subscription, outcome);
}

/**
 * For what a command left behind: one that is pending now is asked at once. The command is done whatever comes of it, so
 * neither a store that is away by now nor a URL that must not be asked makes it fail: its answer may tell a secret this one time.
 */
export async function verifyAtOnce(deps: Deps, subscription: LiveSubscription): Promise<LiveSubscription> {
  if (subscription.kind !== "pending") return subscription;
  try {
    const outcome = await askCallbackUrl(deps, subscription);
    return await recordOutcome(deps, subscription, outcome.kind === "exhausted" ? notAsked(outcome) : outcome);
  } catch (error) {
    const isExpected = error instanceof RpcError || error instanceof EventStoreError || error instanceof SecretsError;
    if (isExpected) return subscription;
    throw error;
  }
}

/** Whether somebody there wants the subscription's deliveries. Nothing is recorded. */
export async function askCallbackUrl(
  deps: Pick<Deps, "database" | "sealer" | "clock" | "urlVerifier">,
  subscription: LiveSubscription,
): Promise<VerificationOutcome | Exhausted> {
  if (!deps.urlVerifier) return { kind: "agreed", consent: { by: "waived" } };
  const { tenantId, settings } = subscription;
  const { ratePerSecond } = settings.limits;
  return await deps.urlVerifier.ask({
    tenantId,
    callbackUrl: settings.callbackUrl,
    headers: Object.fromEntries(Object.entries(settings.headers).map(([name, value]) => [name.toLowerCase(), value])),
    keys: await loadSigningKeys(deps, subscription),
    ...(ratePerSecond !== undefined && { ratePerSecond }),
  });
}

/** In the words of the call that it makes fail. */
export function asRpcError(exhausted: Exhausted): RpcError {
  const { retryAfterMs: retryDelayMs } = exhausted;
  return new RpcError("resource_exhausted", describe(exhausted), { retryDelayMs });
}

async function recordOutcome(
  deps: Pick<Deps, "store" | "database" | "clock">,
  { id, settings: { callbackUrl } }: LiveSubscription,
  outcome: VerificationOutcome,
): Promise<LiveSubscription> {
  const command = { kind: "verify", callbackUrl, outcome, atMs: deps.clock.nowMs() } as const;
  const state = await decideOnStream(deps, subscriptionAggregate, {
    stream: subscriptionStream(id),
    decide: (before) => decide(command, before),
  });
  return assertLive(state);
}

function notAsked(exhausted: Exhausted): VerificationOutcome {
  return { kind: "not_agreed", reason: `the callback URL was not asked yet: ${describe(exhausted)}` };
}

function describe({ whose }: Exhausted): string {
  return `too many callback URLs of ${whose} were asked lately`;
}
