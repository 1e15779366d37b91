import { type Clock, pause, type Service } from "@postrider/kit-lifecycle";
import type { Logger } from "@postrider/kit-telemetry";
import { eraseExpiredSecrets } from "../store/signing-secrets.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

const INTERVAL_MS = 3_600_000;
/** So that an instance whose clock is behind never misses a secret that signs by its own time. */
const GRACE_MS = 3_600_000;

export interface SecretEraserDeps extends Pick<SubscriptionDeps, "database"> {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Erases the secrets of keys that sign no more, once an hour: a rotation only sets their end. */
export function createSecretEraser({ database, clock, logger }: SecretEraserDeps): Service {
  return {
    name: "secret eraser",
    run: async (signal) => {
      while (!signal.aborted) {
        try {
          const secrets = await eraseExpiredSecrets(database, clock.nowMs() - GRACE_MS);
          if (secrets > 0) logger.info({ secrets }, "erased secrets of keys that sign no more");
        } catch (error) {
          logger.warn({ err: error }, "expired secrets can't be erased now: tried again in an hour");
        }
        await pause(clock, INTERVAL_MS, signal);
      }
    },
  };
}
