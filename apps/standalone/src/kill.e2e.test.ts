import { createWatchers, startReceiver } from "@postrider/testing";
import { expect, test } from "vitest";
import { connectPlatform } from "./testing/platform-client.ts";
import { createDataDir, startPlatform } from "./testing/platform-process.ts";

const EVENTS = 5000;
const KILLS = 20;
const PRODUCERS = 32;
const RECEIVER_DELAY_MS = 30;
/**
 * What a crash may repeat: the 64 requests that were in flight, and those that had ended but were not recorded and
 * committed yet (a commit each 20 ms, at some thousand deliveries a second).
 */
const MAX_REPEATED_PER_KILL = 64 + 136;

test("20 kills with -9 while 5,000 events are published and delivered lose none of the accepted ones", async () => {
  const { dataDir, remove } = createDataDir();
  const received = new Map<string, number>();
  const watchers = createWatchers();
  const untilReceived = async (count: number): Promise<void> =>
    watchers.waitUntil(
      () => received.size >= count,
      () => `${received.size} of ${count} events were received`,
      60_000,
    );
  // Slow enough that events wait in memory and on disk when the kill comes, and failing now and then, so that retries do too.
  const receiver = await startReceiver({
    answer: async (request, index) => {
      if (index % 20 === 0) return { status: 500 };
      const id = idOf(request);
      received.set(id, (received.get(id) ?? 0) + 1);
      watchers.changed();
      return { status: 200, delayMs: RECEIVER_DELAY_MS };
    },
  });
  let platform = await startPlatform({ dataDir });
  const { grpcAddress } = platform;
  const client = connectPlatform(grpcAddress);
  await client.createEventType("order_paid");
  await client.createSubscription({ url: receiver.url, retryDelaysMs: Array<number>(10).fill(200) });

  const accepted = new Set<string>();
  let next = 0;
  let kills = 0;
  /** Publishes until all events are accepted; an attempt that failed is made again under the same id. */
  async function produce(): Promise<void> {
    while (next < EVENTS) {
      const id = `event-${next}`;
      next += 1;
      while (!accepted.has(id)) {
        try {
          await client.publish({ id, json: { id, filler: "x".repeat(900) } });
          accepted.add(id);
        } catch {
          // The platform is down or was killed meanwhile: not accepted, so it is published again.
        }
      }
    }
  }
  /** The moments are spread over the run by progress, not by time, and fall anywhere within the work of that moment. */
  async function kill(): Promise<void> {
    while (kills < KILLS) {
      const wanted = Math.floor(((kills + Math.random()) * EVENTS * 0.9) / KILLS);
      await untilReceived(wanted);
      await platform.stop("SIGKILL");
      kills += 1;
      platform = await startPlatform({ dataDir, grpcAddress });
    }
  }
  await Promise.all([kill(), ...Array.from({ length: PRODUCERS }, produce)]);
  await untilReceived(EVENTS);

  const lost = [...accepted].filter((id) => !received.has(id));
  const repeated = [...received.values()].reduce((sum, times) => sum + times - 1, 0);
  console.log(`${kills} kills, ${accepted.size} accepted, ${lost.length} lost, ${repeated} delivered more than once`);
  expect(kills).toBe(KILLS);
  expect(accepted.size).toBe(EVENTS);
  expect(lost).toEqual([]);
  expect(repeated).toBeLessThan(KILLS * MAX_REPEATED_PER_KILL);

  expect(await platform.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  client.close();
  await receiver.close();
  remove();
});

function idOf({ headers }: { headers: Record<string, unknown> }): string {
  return String(headers["webhook-id"]);
}
