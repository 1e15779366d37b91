import { startReceiver } from "@postrider/testing";
import { expect, test } from "vitest";
import { connectPlatform } from "./testing/platform-client.ts";
import { createDataDir, startPlatform } from "./testing/platform-process.ts";

const EVENTS = 5000;
const KILLS = 20;
const PRODUCERS = 32;
/**
 * What a crash may repeat: the 64 requests that were in flight, and those that had ended but were not recorded and
 * committed yet (a commit each 20 ms, at some thousand deliveries a second).
 */
const MAX_REPEATED_PER_KILL = 64 + 136;

test("20 kills with -9 while 5,000 events are published and delivered lose none of the accepted ones", async () => {
  const { dataDir, remove } = createDataDir();
  const receiver = await startReceiver();
  let platform = await startPlatform({ dataDir });
  const { grpcAddress } = platform;
  const client = connectPlatform(grpcAddress);
  await client.createEventType("order_paid");
  await client.createSubscription({ url: receiver.url });

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
      await receiver.waitFor(
        () => accepted.size >= wanted || new Set(receiver.requests.map(idOf)).size >= wanted,
        60_000,
      );
      await platform.stop("SIGKILL");
      kills += 1;
      platform = await startPlatform({ dataDir, grpcAddress });
    }
  }
  await Promise.all([kill(), ...Array.from({ length: PRODUCERS }, produce)]);
  await receiver.waitFor((requests) => new Set(requests.map(idOf)).size >= EVENTS, 60_000);

  const received = new Set(receiver.requests.map(idOf));
  const lost = [...accepted].filter((id) => !received.has(id));
  const repeated = receiver.requests.length - received.size;
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
