import type { Cancel, Clock } from "@postrider/kit-lifecycle";
import type { Holding } from "./holdings.ts";
import type { ConsumerGroup } from "./kafkajs-internals.ts";

/** How often it looks, and how long a partition with records may stand still. */
const LOOK_MS = 30_000;
const STUCK_MS = 60_000;

export interface WatchdogOptions {
  readonly clock: Clock;
  readonly findGroup: () => ConsumerGroup | undefined;
  /** Partitions that are to be read now: neither paused nor waiting for their owner. */
  readonly findReading: () => readonly Holding[];
  readonly onStuck: (holding: Holding, offset: number) => void;
}

interface Mark {
  readonly offset: number;
  readonly sinceMs: number;
}

/**
 * Finds partitions that are not read though there is something to read: a fault of the client that no error tells of.
 * What can be done then is to end the process. A cluster that does not answer is no such fault.
 */
export function watchProgress(options: WatchdogOptions): Cancel {
  let marks = new Map<Holding, Mark>();
  let isStopped = false;
  const look = async (): Promise<void> => {
    try {
      marks = await judge(options, marks);
    } catch {
      // No answer, or no assignment yet: what was seen before the outage is no measure for what comes after it.
      marks = new Map();
    }
    if (!isStopped) cancel = options.clock.after(LOOK_MS, () => void look());
  };
  let cancel = options.clock.after(LOOK_MS, () => void look());
  return () => {
    isStopped = true;
    cancel();
  };
}

async function judge(
  { clock, findGroup, findReading, onStuck }: WatchdogOptions,
  marks: ReadonlyMap<Holding, Mark>,
): Promise<Map<Holding, Mark>> {
  const group = findGroup();
  const holdings = findReading();
  if (group?.offsetManager == null || holdings.length === 0) return new Map();
  const byTopic = Map.groupBy(holdings, ({ topic }) => topic);
  const ends = await group.cluster.fetchTopicsOffset(
    [...byTopic].map(([topic, ofTopic]) => ({
      topic,
      fromBeginning: false,
      partitions: ofTopic.map(({ partition }) => ({ partition })),
    })),
  );
  const nowMs = clock.nowMs();
  const stillReading = new Set(findReading());
  const seen = new Map<Holding, Mark>();
  for (const holding of holdings.filter((each) => stillReading.has(each))) {
    const { topic, partition } = holding;
    const end = ends.find((of) => of.topic === topic)?.partitions.find((of) => of.partition === partition)?.offset;
    const offset = Number(group.offsetManager.nextOffset(topic, partition).toString());
    if (Number(end ?? 0) <= offset) continue;
    const before = marks.get(holding);
    const mark = before?.offset === offset ? before : { offset, sinceMs: nowMs };
    seen.set(holding, mark);
    if (nowMs - mark.sinceMs >= STUCK_MS) onStuck(holding, offset);
  }
  return seen;
}
