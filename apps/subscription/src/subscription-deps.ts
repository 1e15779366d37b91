import type { HealthThresholds } from "@postrider/domain-subscription";
import type { EventStore } from "@postrider/kit-event-store";
import type { Clock } from "@postrider/kit-lifecycle";
import type { Sealer } from "@postrider/kit-secrets";
import type { Kysely } from "kysely";
import type { UrlVerifier } from "./ownership/url-verifier.ts";
import type { SubscriptionSchema } from "./store/subscription-schema.ts";

/** What the service is wired with; each use case takes what it needs of it. */
export interface SubscriptionDeps {
  readonly store: EventStore;
  /** The projections, in the same storage as the store. */
  readonly database: Kysely<SubscriptionSchema>;
  readonly clock: Clock;
  /** Cryptographically strong: ids and secrets are made of them. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** Locks signing secrets away, and opens them for deliveries. */
  readonly sealer: Sealer;
  /** When an endpoint that only fails is reported, and when it is given up. */
  readonly thresholds: HealthThresholds;
  /** Why a callback URL may not be called, naming the value; undefined if it may. */
  readonly checkUrl: (url: string) => string | undefined;
  /** Asks new callback URLs whether they want deliveries; undefined: the platform asks nobody. */
  readonly urlVerifier: UrlVerifier | undefined;
}
