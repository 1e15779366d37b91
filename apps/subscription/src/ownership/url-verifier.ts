import type { VerificationOutcome } from "@postrider/domain-subscription";
import type { Egress } from "@postrider/kit-egress";
import type { Clock } from "@postrider/kit-lifecycle";
import type { SigningKey } from "@postrider/kit-signature";
import type { Registry } from "prom-client";
import { createAttemptBudget, type Exhausted } from "./attempt-budget.ts";
import { createChallenge, judgeEcho } from "./challenge.ts";
import { createHandshake, judgePermission } from "./cloudevents-handshake.ts";
import { createVerificationMetrics } from "./verification-metrics.ts";

/** Questions that are out at one time, of all tenants. */
const MAX_OPEN = 64;

/** A callback URL, and what a delivery to it would be made of. */
export interface AskedUrl {
  readonly tenantId: string;
  readonly callbackUrl: string;
  /** The subscription's own; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** One at least. */
  readonly keys: readonly SigningKey[];
  /** That the subscription limits itself to; absent: no bound. */
  readonly ratePerSecond?: number;
}

/** How a platform asks. */
export type VerificationMethod =
  | { readonly kind: "challenge" }
  /** `origin`: the DNS name that the platform goes by. */
  | { readonly kind: "cloudevents"; readonly origin: string };

/** Asks callback URLs whether they want deliveries. */
export interface UrlVerifier {
  /** One request, no redirect, an answer within 5 s. Never rejects. `exhausted`: nothing was sent. */
  readonly ask: (asked: AskedUrl) => Promise<VerificationOutcome | Exhausted>;
}

export interface UrlVerifierDeps {
  readonly method: VerificationMethod;
  readonly egress: Pick<Egress, "send">;
  readonly clock: Pick<Clock, "nowMs">;
  /** Cryptographically strong. */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly userAgent: string;
  readonly registry: Registry;
}

/** What a question is made of, beside the URL. */
export interface QuestionContext extends Pick<UrlVerifierDeps, "randomBytes" | "userAgent"> {
  readonly nowMs: number;
}

export function createUrlVerifier(deps: UrlVerifierDeps): UrlVerifier {
  const budget = createAttemptBudget(deps.clock);
  const metrics = createVerificationMetrics(deps.registry);
  let openCount = 0;

  async function askWithinBounds(asked: AskedUrl): Promise<VerificationOutcome | Exhausted> {
    if (openCount >= MAX_OPEN) return { kind: "exhausted", whose: "all tenants", retryAfterMs: 1_000 };
    const exhausted = budget.take(asked.tenantId, hostOf(asked.callbackUrl));
    if (exhausted) return exhausted;
    openCount += 1;
    try {
      return await askOnce(deps, asked);
    } finally {
      openCount -= 1;
    }
  }

  return {
    ask: async (asked) => {
      const outcome = await askWithinBounds(asked);
      metrics.asked(outcome.kind);
      return outcome;
    },
  };
}

async function askOnce(
  { method, egress, clock, ...context }: UrlVerifierDeps,
  asked: AskedUrl,
): Promise<VerificationOutcome> {
  if (method.kind === "cloudevents") {
    const request = createHandshake(asked, { origin: method.origin, userAgent: context.userAgent });
    return judgePermission(method.origin, await egress.send(request));
  }
  const { text, request } = createChallenge(asked, { ...context, nowMs: clock.nowMs() });
  return judgeEcho(text, await egress.send(request));
}

/** Whoever stands behind a name, at whatever port, is one. */
function hostOf(url: string): string {
  return URL.parse(url)?.hostname ?? "";
}
