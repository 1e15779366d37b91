// Producers that publish on a schedule, and publish again, under the same id, what nobody accepted.
import { setTimeout as sleep } from "node:timers/promises";
import type { PlatformClient } from "../platform/client.ts";
import type { SeededRandom } from "./random.ts";
import type { Tally } from "./tally.ts";

export interface ProducersOptions {
  readonly clients: readonly PlatformClient[];
  /** Events a second, of all together. */
  readonly rate: number;
  /** How many of ten events each tenant has. */
  readonly shares: Readonly<Record<string, number>>;
  readonly random: SeededRandom;
  readonly tally: Tally;
  /** In front of every id. */
  readonly idPrefix: string;
}

export interface Producers {
  /** Ids that were published at least once. */
  readonly made: () => number;
  /** Calls that were not answered with OK, by gRPC's code. */
  readonly refusals: () => Readonly<Record<string, number>>;
  /** Makes no more events; resolves when all that were made are accepted. @throws Error when that takes too long */
  readonly finish: (deadlineMs: number) => Promise<void>;
}

const CALL_MS = 5000;
const TICK_MS = 10;
const RETRY_MS = { first: 200, last: 2000 };
/** While nothing is accepted, no more are made than this: producers have memory to mind, too. */
const MAX_OUTSTANDING = 3000;

export function startProducers(options: ProducersOptions): Producers {
  const { clients, rate, random, tally, idPrefix } = options;
  const lottery = Object.entries(options.shares).flatMap(([tenantId, share]) => Array<string>(share).fill(tenantId));
  const outstanding = new Set<Promise<void>>();
  const refusals: Record<string, number> = {};
  let made = 0;
  let isEnding = false;
  let gaveUp = false;

  async function publishUntilAccepted(id: string, tenantId: string, client: PlatformClient): Promise<void> {
    for (let delayMs = RETRY_MS.first; !gaveUp; delayMs = Math.min(delayMs * 2, RETRY_MS.last)) {
      try {
        await client.publish({ id, tenantId, data: { id, filler: FILLER } }, CALL_MS);
        tally.noteAccepted({ id, tenantId }, Date.now());
        return;
      } catch (error) {
        const code = readCode(error);
        refusals[code] = (refusals[code] ?? 0) + 1;
        await sleep(delayMs * random.between(0.5, 1.5));
      }
    }
  }

  function makeOne(): void {
    const client = clients[made % clients.length];
    if (!client) return;
    const publishing = publishUntilAccepted(`${idPrefix}-${made}`, random.pick(lottery), client);
    made++;
    outstanding.add(publishing);
    void publishing.finally(() => outstanding.delete(publishing));
  }

  async function keepSchedule(): Promise<void> {
    let due = 0;
    let lastMs = performance.now();
    while (!isEnding) {
      const nowMs = performance.now();
      due += ((nowMs - lastMs) * rate) / 1000;
      lastMs = nowMs;
      for (; due >= 1; due--) if (outstanding.size < MAX_OUTSTANDING) makeOne();
      await sleep(TICK_MS);
    }
  }

  const schedule = keepSchedule();
  return {
    made: () => made,
    refusals: () => refusals,
    finish: async (deadlineMs) => {
      isEnding = true;
      await schedule;
      const timer = new AbortController();
      const late = sleep(deadlineMs, "late" as const, { signal: timer.signal }).catch(() => "late" as const);
      const end = await Promise.race([Promise.all(outstanding), late]);
      timer.abort();
      if (end !== "late") return;
      gaveUp = true;
      throw new Error(`${outstanding.size} events were not accepted within ${deadlineMs} ms after the last was made`);
    },
  };
}

/** The size of a small order. */
const FILLER = "x".repeat(500);

function readCode(error: unknown): string {
  const { details, code } = error as { details?: string; code?: number };
  // Without the times that some texts have in them.
  return code === undefined
    ? String(error)
    : `${code} ${(details ?? "").replace(/ after [\d.]+s,.*/, "").slice(0, 60)}`;
}
