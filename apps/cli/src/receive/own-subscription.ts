import type { SignatureKind, Subscription } from "@postrider/contracts/postrider/v1/subscription";
import { toSubscription } from "../options/subscription-options.ts";
import type { Platform } from "../platform/platform.ts";

/** What a subscription that lives as long as its receiver needs. */
export interface OwnSubscription {
  readonly tenant: string;
  readonly events: readonly string[];
  readonly url: string;
  readonly signature?: SignatureKind;
}

/** Subscribes `url`, hands the subscription and its secret to `use`, and deletes it whatever came of that. */
export async function withOwnSubscription(
  platform: Platform,
  wanted: OwnSubscription,
  use: (subscription: Subscription) => Promise<void>,
): Promise<void> {
  const description = "made by postrider receive";
  const request = { subscription: toSubscription({ ...wanted, description }) };
  const { subscription } = await platform.createSubscription(request);
  if (!subscription) throw new Error("the platform answered without a subscription");
  try {
    await use(subscription);
  } finally {
    await platform.deleteSubscription({ id: subscription.id });
  }
}
