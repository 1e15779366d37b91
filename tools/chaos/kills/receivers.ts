// The tenants' receivers: a good one, a slow one, and one that fails now and then and is gone for seconds.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { listenOnLoopback, trackSockets } from "@postrider/testing";
import type { SeededRandom } from "./random.ts";
import type { Tally } from "./tally.ts";

/** The subscriptions of each tenant. */
export const SUBSCRIPTIONS = { steady: ["good"], pair: ["fast", "slow"], shaky: ["failing"] } as const;
/** Of ten events. */
export const SHARES = { steady: 5, pair: 3, shaky: 2 };
/** Deliveries that an event has on average. */
export const FAN_OUT = 1.3;

/** The longest that a receiver takes to answer. */
export const SLOWEST_ANSWER_MS = 400;
const FAILING_SHARE = 0.05;
const UP_MS = [6000, 15_000] as const;
const GONE_MS = [1500, 5000] as const;

export interface Receivers {
  /** Of a subscription, by its name. */
  readonly urlOf: (subscription: string) => string;
  readonly close: () => Promise<void>;
}

/** One server for all; the path tells the subscription. */
export async function startReceivers(random: SeededRandom, tally: Tally): Promise<Receivers> {
  let isGone = false;
  const ending = new AbortController();
  async function comeAndGo(): Promise<void> {
    while (!ending.signal.aborted) {
      const [least, most] = isGone ? GONE_MS : UP_MS;
      await sleep(random.between(least, most), undefined, { signal: ending.signal });
      isGone = !isGone;
    }
  }
  comeAndGo().catch(() => undefined); // It was ended while it slept.

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const subscription = (request.url ?? "").slice(1);
    request.resume();
    const id = String(request.headers["webhook-id"]);
    const isTaken = subscription !== "failing" || (!isGone && random.next() >= FAILING_SHARE);
    tally.noteReceipt(subscription, id, { atMs: Date.now(), isTaken });
    if (subscription === "slow") await sleep(random.between(20, SLOWEST_ANSWER_MS));
    // While it is gone, its load balancer says 500; else a part of it that has too much to do says 503.
    response.writeHead(isTaken ? 200 : isGone ? 500 : 503).end();
  }

  const server = createServer((request, response) => {
    void answer(request, response);
  });
  const sockets = trackSockets(server);
  const port = await listenOnLoopback(server);
  return {
    urlOf: (subscription) => `http://127.0.0.1:${port}/${subscription}`,
    close: async () => {
      ending.abort();
      await sockets.close();
    },
  };
}
