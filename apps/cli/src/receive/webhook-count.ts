import { VerificationFailure } from "../failures.ts";
import type { ReceivedWebhook } from "./received-webhook.ts";

/** Counts webhooks until there are enough. */
export interface WebhookCount {
  readonly add: (webhook: ReceivedWebhook) => void;
  /**
   * Resolves when `expected` have come, or when the signal aborts first.
   * @throws VerificationFailure when one of them was not signed with the secret
   * @throws Error when the signal aborted before enough had come
   */
  readonly wait: (signal: AbortSignal) => Promise<void>;
}

/** @param expected without it, only the signal ends the waiting, and that is no failure */
export function createWebhookCount(expected: number | undefined): WebhookCount {
  const { promise: complete, resolve } = Promise.withResolvers<undefined>();
  let done = 0;
  let failed = 0;
  return {
    add: ({ verification }) => {
      done += 1;
      if (verification.kind === "failed") failed += 1;
      if (done === expected) resolve(undefined);
    },
    wait: async (signal) => {
      await Promise.race([complete, aborted(signal)]);
      if (expected === undefined) return;
      if (failed > 0) throw new VerificationFailure(`${failed} of ${done} webhooks were not signed with the secret`);
      if (done < expected) throw new Error(`stopped after ${done} of ${expected} webhooks`);
    },
  };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener(
      "abort",
      () => {
        resolve();
      },
      { once: true },
    );
  });
}
