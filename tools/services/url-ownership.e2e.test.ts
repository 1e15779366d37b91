// Must hold: where the platform asks, a dispatcher on Kafka delivers to URLs that agreed and to no others, as they agreed to it.
import { Subscription_State as State } from "@postrider/contracts/postrider/v1/subscription";
import { type AnswerHandler, findStack, type ReceivedRequest, startReceiver } from "@postrider/testing";
import { describe, expect, test } from "vitest";
import { openPlatform } from "../chaos/platform/open-platform.ts";

const stack = findStack();
const DEADLINE_MS = 60_000;
const ORIGIN = "hooks.platform.example";
const ASKING = { POSTRIDER_URL_VERIFICATION: "cloudevents", POSTRIDER_WEBHOOK_ORIGIN: ORIGIN };

const agree: AnswerHandler = ({ method }) =>
  method === "OPTIONS" ? { headers: { "webhook-allowed-origin": "*", "webhook-allowed-rate": "6000" } } : {};

function has(id: string): (requests: readonly ReceivedRequest[]) => boolean {
  return (requests) => requests.some(({ headers }) => headers["webhook-id"] === id);
}

describe.skipIf(stack === undefined)("on Kafka and PostgreSQL", () => {
  test("URLs that agreed get deliveries, as whose they are told; others none, also by a change of the URL", async () => {
    if (!stack) return;
    const platform = await openPlatform({ stack, dispatchers: 1, environment: ASKING });
    const { client } = platform;
    const [willing, next, stranger] = [
      await startReceiver({ answer: agree }),
      await startReceiver({ answer: agree }),
      await startReceiver(),
    ];

    const { id, state, consent } = await client.createSubscription({ url: willing.url, tenantId: "acme" });
    expect([state, consent?.allowedRatePerSecond]).toEqual([State.STATE_ACTIVE, 100]);
    const pending = await client.createSubscription({ url: stranger.url, tenantId: "acme" });
    expect(pending).toMatchObject({
      state: State.STATE_PENDING,
      pendingReason: "the callback URL answered without WebHook-Allowed-Origin",
    });

    await client.publish({ id: "first", tenantId: "acme" });
    const requests = await willing.waitFor(has("first"), DEADLINE_MS);
    expect(requests.find(({ method }) => method === "POST")?.headers["origin"]).toBe(ORIGIN);

    await expect(client.changeUrl(id, stranger.url)).rejects.toThrow("nothing was changed");
    await client.publish({ id: "second", tenantId: "acme" });
    await willing.waitFor(has("second"), DEADLINE_MS);
    await client.changeUrl(id, next.url);
    // In force within a second: until then the old URL gets them.
    let published = 0;
    const arriving = expect.poll(
      async () => {
        await client.publish({ id: `after-${published++}`, tenantId: "acme" });
        return next.requests.map(({ method }) => method);
      },
      { timeout: DEADLINE_MS },
    );
    await arriving.toContain("POST");
    expect(stranger.requests.map(({ method }) => method)).toEqual(["OPTIONS", "OPTIONS"]);

    await platform.close();
    await Promise.all([willing.close(), next.close(), stranger.close()]);
  });
});
