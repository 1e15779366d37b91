// A steady stream of events from one producer, beside what a test does to the platform.
import { setTimeout as sleep } from "node:timers/promises";
import type { PlatformClient } from "./client.ts";

export interface SteadyLoad {
  /** Ids of the events that were accepted. */
  readonly accepted: readonly string[];
  /** When each was accepted; milliseconds since the epoch. */
  readonly acceptedAtMs: ReadonlyMap<string, number>;
  /** Makes no more; resolves when all are accepted. @throws what a publish failed with */
  readonly stop: () => Promise<void>;
}

export interface SteadyLoadOptions {
  readonly client: PlatformClient;
  readonly tenantId: string;
  readonly perSecond: number;
  readonly idPrefix: string;
}

export function startSteadyLoad({ client, tenantId, perSecond, idPrefix }: SteadyLoadOptions): SteadyLoad {
  const acceptedAtMs = new Map<string, number>();
  const accepted: string[] = [];
  const publishing: Promise<void>[] = [];
  let isEnding = false;
  async function publish(id: string): Promise<void> {
    await client.publish({ id, tenantId });
    acceptedAtMs.set(id, Date.now());
    accepted.push(id);
  }
  async function run(): Promise<void> {
    for (let made = 0; !isEnding; made++) {
      const publish1 = publish(`${idPrefix}-${made}`);
      publish1.catch(() => undefined); // Thrown by stop.
      publishing.push(publish1);
      await sleep(1000 / perSecond);
    }
  }
  const running = run();
  return {
    accepted,
    acceptedAtMs,
    stop: async () => {
      isEnding = true;
      await running;
      await Promise.all(publishing);
    },
  };
}
