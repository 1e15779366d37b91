import { type Kafka, KafkaError } from "@postrider/kit-kafka";
import type { Clock } from "@postrider/kit-lifecycle";
import { assertDueTime, assertMaxInFlight } from "../assert-options.ts";
import { type Deferred, DeferredError, type DeferredTask } from "../deferred.ts";
import type { DeferredNotice } from "./deferred-notice.ts";
import { encodeTask } from "./task-record.ts";
import { chooseTier, createTiers, defaultTopicPrefix } from "./tiers.ts";
import { WheelRun } from "./wheel-run.ts";

/** Of the values of all held tasks together. */
const defaultMaxHeldBytes = 64 * 1024 * 1024;
const defaultMaxHeld = 20_000;

/** A fetch of a partition whose head is not mature is for nothing: it brings little, and still fills the network. */
const maxBytesPerFetch = 256 * 1024;

/** What a broker's clock may differ by before it is told; beyond, tasks are as late as it is ahead. */
const tolerableSkewMs = 1_000;
const skewNoticeEveryMs = 60_000;

export interface KafkaDeferredOptions {
  readonly kafka: Pick<Kafka, "producer" | "group">;
  readonly clock: Clock;
  /** Before the tiers' names, and the group's name. `deferredTopics` must have been told the same. */
  readonly topicPrefix?: string;
  /** Tasks in memory at a time, 2 or more; 20,000 by default. */
  readonly maxHeld?: number;
  /** Bytes of their values together; 64 MiB by default. */
  readonly maxHeldBytes?: number;
  readonly onNotice?: (notice: DeferredNotice) => void;
}

/**
 * Deferred work in Kafka: a timing wheel of topics.
 *
 * Model: there is a topic for each of a few delays, a tier. A task that is due at T is appended to the tier with the
 * longest delay that is not longer than T - now. All records of a tier wait equally long, so its first record matures
 * first, and only that one is looked at. What is mature is held in memory if it is due within 2 min and there is room;
 * otherwise it is moved: appended to the tier that fits now, then finished where it was. Tasks in memory are handed out
 * in the order of their due times. What is due and finds no room waits where it is, in the log, and what came after it
 * waits behind it; only where the room is full of what is due much later, it is moved to the first tier, which has no delay.
 * Keys make partitions, and partition p of all tiers is at one member of the group: a key has one owner.
 *
 * Invariants: a record is finished only when its task was handled, or stands in another tier durably. A task is never
 * handed out before its due time. Progress is committed as the lowest unfinished offset with the set of finished ones
 * above it, so holding is safe over a crash, and a crash repeats what ended since the last commit (200 ms) and what was
 * in flight. Memory is bounded by `maxHeld` and `maxHeldBytes`, and by what each partition moves at a time (256 KiB);
 * what is held for up to 2 min may take half of the room, so that it never stops what is due now. What waits in the tiers
 * takes no memory, however much it is.
 *
 * Load: a task that is due after exactly a tier's delay is copied once, any other once per tier on its way down, and in its
 * last 30 s, while more than half of the room is held for later, every 5 s.
 *
 * Time: due times are compared with our clock; maturity is the broker's time of the append (LogAppendTime) plus the
 * delay, compared with our clock too. A broker that is ahead makes tasks late by as much as it is. One that is behind
 * makes them mature early, which is never early for the task, but costs moves, and no end of them if it is behind by as
 * much as a tier's delay. Keep clocks within a second; more is told (`clock_skew`). A member whose clock is ahead hands
 * out early by that.
 *
 * Failures: while the broker is away, what is held is handed out, moves are tried again, and nothing of them is finished
 * before; they then go to the tier that fits by then. An append whose answer was lost makes a task stand twice, and be
 * handed out twice. A move that the broker refuses (rights, a lowered bound) is tried again too: that partition of that
 * tier waits. A commit that fails is tried with the next. Partitions that move to another member take their progress
 * along; what is held of them here is forgotten, what is in flight ends without being committed. A record without a
 * valid due time is due at once. Topics must keep records for longer than the longest time without any member:
 * what was deleted by then is lost (see {@link deferredTopics}).
 */
export function openKafkaDeferred(options: KafkaDeferredOptions): Deferred {
  const { kafka, clock, topicPrefix = defaultTopicPrefix, onNotice = () => undefined } = options;
  const { maxHeld = defaultMaxHeld, maxHeldBytes = defaultMaxHeldBytes } = options;
  if (!(maxHeld >= 2)) throw new RangeError(`maxHeld is ${maxHeld}: it must be 2 or more`);
  if (!(maxHeldBytes >= 1)) throw new RangeError(`maxHeldBytes is ${maxHeldBytes}: it must be 1 or more`);
  const tiers = createTiers(topicPrefix);
  const noteSkew = watchSkew(onNotice);

  const append = async (tasks: readonly DeferredTask[]): Promise<void> => {
    if (tasks.length === 0) return;
    const sentAtMs = clock.nowMs();
    const records = tasks.map((task) => encodeTask(task, chooseTier(tiers, task.dueAtMs - sentAtMs).topic));
    const { appendedAtMs } = await kafka.producer.append(records);
    noteSkew({ sentAtMs, appendedAtMs, answeredAtMs: clock.nowMs() });
  };

  return {
    defer: async (tasks) => {
      for (const task of tasks) assertDueTime(task);
      try {
        await append(tasks);
      } catch (cause) {
        throw toDeferredError(`deferring ${tasks.length} tasks`, cause);
      }
    },
    run: async (runOptions, signal) => {
      assertMaxInFlight(runOptions);
      const topics = tiers.map(({ topic }) => topic);
      const consumer = kafka.group({ group: topicPrefix, topics, maxBytesPerPartition: maxBytesPerFetch });
      await new WheelRun({ ...runOptions, tiers, consumer, append, clock, onNotice, maxHeld, maxHeldBytes }).run(
        signal,
      );
    },
  };
}

function toDeferredError(what: string, cause: unknown): DeferredError {
  const words = cause instanceof Error ? cause.message : String(cause);
  const isFinal = cause instanceof KafkaError && (cause.code === "refused" || cause.code === "setup");
  return new DeferredError(isFinal ? cause.code : "unavailable", `${what}: ${words}`, { cause });
}

interface AppendTimes {
  readonly sentAtMs: number;
  /** By the broker's clock: with equal clocks between the two others. */
  readonly appendedAtMs: number;
  readonly answeredAtMs: number;
}

function watchSkew(onNotice: (notice: DeferredNotice) => void): (times: AppendTimes) => void {
  let notBeforeMs = -Infinity;
  return ({ sentAtMs, appendedAtMs, answeredAtMs }) => {
    const brokerAheadMs = Math.min(appendedAtMs - sentAtMs, 0) + Math.max(appendedAtMs - answeredAtMs, 0);
    if (Math.abs(brokerAheadMs) <= tolerableSkewMs || answeredAtMs < notBeforeMs) return;
    notBeforeMs = answeredAtMs + skewNoticeEveryMs;
    onNotice({ kind: "clock_skew", brokerAheadMs });
  };
}
