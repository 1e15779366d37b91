import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readErrorDetails } from "@postrider/kit-rpc";
import { startReceiver } from "@postrider/testing";
import { expect, test } from "vitest";
import { connectPlatform } from "./testing/platform-client.ts";
import { createDataDir, startPlatform } from "./testing/platform-process.ts";

/** The largest file that the limited platform may write, in blocks of 1,024 bytes: a full disk, as far as it can tell. */
const LIMIT_BLOCKS = 4096;
const EVENT = { json: { filler: "x".repeat(100_000) } };
/** More than the limit holds, so that the disk is full before they are through. */
const MAX_EVENTS = 200;

test("on a full disk Publish fails with UNAVAILABLE, what was accepted arrives, and the process says why", async () => {
  const { dataDir, remove } = createDataDir();
  const receiver = await startReceiver();
  let platform = await startPlatform({ dataDir, shellPrefix: `ulimit -f ${LIMIT_BLOCKS}` });
  let client = connectPlatform(platform.grpcAddress);
  await client.createEventType("order_paid");
  await client.createSubscription({ url: receiver.url });

  const accepted: string[] = [];
  let refused = { code: "", message: "" };
  while (refused.code === "" && accepted.length < MAX_EVENTS) {
    try {
      accepted.push((await client.publish(EVENT)).eventId);
    } catch (error) {
      refused = readErrorDetails(error);
    }
  }
  expect(refused.code).toBe("UNAVAILABLE");
  expect(refused.message).toMatch(/not accepted.*(full|disk|I\/O)/i);
  expect(accepted.length).toBeGreaterThan(0);
  client.close();
  await platform.stop("SIGKILL");

  // With room again, everything that was accepted is there.
  platform = await startPlatform({ dataDir });
  client = connectPlatform(platform.grpcAddress);
  accepted.push((await client.publish(EVENT)).eventId);
  await receiver.waitFor((requests) => {
    const received = new Set(requests.map(({ headers }) => headers["webhook-id"]));
    return accepted.every((id) => received.has(id));
  });
  client.close();
  await platform.stop("SIGTERM");
  await receiver.close();
  remove();
});

test("a data folder that can't be used stops the start with a line that names it", async () => {
  const { dataDir, remove } = createDataDir();
  const file = join(dataDir, "a-file");
  writeFileSync(file, "");
  chmodSync(file, 0o400);
  await expect(startPlatform({ dataDir: join(file, "below") })).rejects.toThrow(/postrider: .*a-file/);
  remove();
});

test("a second platform on the same data is refused with a line that says so", async () => {
  const { dataDir, remove } = createDataDir();
  const platform = await startPlatform({ dataDir });
  await expect(startPlatform({ dataDir })).rejects.toThrow(/postrider: .*postrider\.sqlite.*another process/s);
  await platform.stop("SIGTERM");
  remove();
});
