import type { Subscription } from "@postrider/contracts/postrider/v1/subscription";
import type { TextSink } from "../cli-context.ts";
import { formatJson } from "./json.ts";
import { formatPending, formatSecret, formatSubscription, toSubscriptionJson } from "./subscription-view.ts";

/**
 * Prints what a call answered with: one JSON document, or a line per field and the secret if there is one.
 * @throws Error when the answer carried no subscription
 */
export function printSubscription(
  subscription: Subscription | undefined,
  { json, onlySecret = false }: { readonly json: boolean; readonly onlySecret?: boolean },
  stdout: TextSink,
): void {
  if (!subscription) throw new Error("the platform answered without a subscription");
  // Of ed25519 the receiver needs, and is told, the public key only.
  if (onlySecret) stdout.write(`${subscription.secret || (subscription.publicKeys[0]?.key ?? "")}\n`);
  else if (json) stdout.write(formatJson(toSubscriptionJson(subscription)));
  else {
    stdout.write(formatSubscription(subscription));
    if (subscription.secret) stdout.write(formatSecret(subscription));
    if (subscription.pendingReason) stdout.write(formatPending(subscription));
  }
}
