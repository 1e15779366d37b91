// The reference: the least that delivering a webhook costs. Signs the payload and POSTs it with undici to the same
// receiver, 64 at a time over kept connections, and records nothing. The platform is measured against it.
import { parseSigningSecret, sign, type SigningKey } from "@postrider/kit-signature";
import { Pool } from "undici";
import { workForParent } from "./child.ts";
import { createBody } from "./payload.ts";
import type { BareLoopCommand, BareLoopReport } from "./protocol.ts";

/** The example secret of the Standard Webhooks specification: it guards nothing here. */
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

let stopped = false;

async function run({ url, concurrency }: BareLoopCommand): Promise<BareLoopReport> {
  stopped = false;
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: concurrency, pipelining: 1, keepAliveTimeout: 60_000 });
  const keys = [loadKey()];
  let sent = 0;
  let failed = 0;
  async function deliverUntilStopped(): Promise<void> {
    while (!stopped) {
      if (!(await deliver({ pool, path: pathname, keys }, `msg_${sent++}`))) failed++;
    }
  }
  await Promise.all(Array.from({ length: concurrency }, deliverUntilStopped));
  await pool.close();
  return { sent, failed };
}

interface Target {
  readonly pool: Pool;
  readonly path: string;
  readonly keys: readonly SigningKey[];
}

async function deliver({ pool, path, keys }: Target, id: string): Promise<boolean> {
  const body = createBody();
  const timestampSeconds = Math.floor(Date.now() / 1000);
  try {
    const response = await pool.request({
      method: "POST",
      path,
      body,
      headers: {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": String(timestampSeconds),
        "webhook-signature": sign({ id, timestampSeconds, body, keys }),
      },
    });
    // To the end, or the connection can't be used again.
    await response.body.dump();
    return response.statusCode === 200;
  } catch {
    // Counted; a reference with failures is refused by main.ts.
    return false;
  }
}

function loadKey(): SigningKey {
  const parsed = parseSigningSecret(secret);
  if (parsed.kind === "invalid") throw new Error(parsed.reason);
  return parsed.key;
}

workForParent({
  answer: async (command) => await run(command as BareLoopCommand),
  takeNotice: () => {
    stopped = true;
  },
});
