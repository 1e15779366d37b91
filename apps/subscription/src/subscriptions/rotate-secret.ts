import { decide, DEFAULT_OVERLAP_MS, isLive, type SignatureKind } from "@postrider/domain-subscription";
import { decideOnStream } from "../store/decide-on-stream.ts";
import { subscriptionAggregate, subscriptionStream } from "../store/subscription-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import { assertLive } from "./assert-live.ts";
import { keepSecretOf, type MadeSigningKey, makeSigningKey } from "./make-signing-key.ts";
import type { WithNewSecret } from "./register-subscription.ts";

export interface Rotation {
  readonly id: string;
  /** How long the old secret signs too; 24 hours if absent. */
  readonly overlapMs: number | undefined;
  /** Of the new one; as the subscription has it now, if absent. */
  readonly signature: SignatureKind | undefined;
  /** A secret that the receiver has already; one is made if absent. */
  readonly secret: string | undefined;
}

/**
 * Gives it a new secret.
 * @throws {RpcError} `not_found`; `invalid_argument` for the overlap, or a given secret that is none
 */
export async function rotateSecret(
  deps: Pick<SubscriptionDeps, "store" | "database" | "clock" | "randomBytes" | "sealer">,
  { id, overlapMs = DEFAULT_OVERLAP_MS, signature, secret }: Rotation,
): Promise<WithNewSecret> {
  const atMs = deps.clock.nowMs();
  let made: MadeSigningKey | undefined;
  const state = await decideOnStream(deps, subscriptionAggregate, {
    stream: subscriptionStream(id),
    decide: (before) => {
      const kind = signature ?? (isLive(before) ? before.settings.signature : "hmac_sha256");
      // That there is no such subscription is told before what is wrong with the secret.
      const outcome = makeSigningKey(deps, { kind, secret: isLive(before) ? secret : undefined });
      if (outcome.kind === "wrong") {
        const violations = [{ field: "secret", description: outcome.description }];
        return { kind: "rejected", code: "invalid", message: "the secret is refused", violations };
      }
      ({ made } = outcome);
      return decide({ kind: "rotate_secret", key: made.key, overlapMs, atMs }, before);
    },
    alongside: (events) => keepSecretOf(deps, made, events),
  });
  if (!made) throw new Error(`the secret of ${id} was rotated without a new one`);
  return { subscription: assertLive(state), secret: made.secret };
}
