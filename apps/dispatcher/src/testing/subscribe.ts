import type { ResolveResponse, Subscription } from "@postrider/contracts/postrider/v1/subscription";
import { untilAborted } from "@postrider/kit-lifecycle";
import type { Subscriptions } from "../subscriptions.ts";
import { SECRET } from "./builders.ts";

/** One subscription to everything, with a second attempt at once. */
export function subscribe(callbackUrl: string): Subscriptions {
  const retryPolicy = { delays: [{ seconds: 0n, nanos: 0 }], maxAge: undefined };
  const found: Subscription = {
    ...{
      id: "sub_1",
      tenantId: "app-7",
      callbackUrl,
      eventTypes: ["*"],
      description: "",
      state: 1,
      disabledReason: "",
      pendingReason: "",
      consent: undefined,
    },
    ...{ method: 1, payloadFormat: 1, headers: {}, signature: 1, acknowledgement: undefined, retryPolicy },
    ...{
      limits: undefined,
      secret: "",
      createTime: undefined,
      updateTime: undefined,
      failureStreak: undefined,
      publicKeys: [],
    },
  };
  const keys = [{ secret: SECRET, expireTime: undefined }];
  const answer: ResolveResponse = { subscriptions: [found], revision: 1n, signingKeys: { sub_1: { keys } } };
  return {
    resolve: async () => answer,
    watch: async function* (_, signal) {
      yield { revision: 1n, tenantId: "", subscriptionId: "" };
      await untilAborted(signal);
    },
    disable: async () => undefined,
    reportHealth: async () => ({ countFrom: undefined }),
  };
}
