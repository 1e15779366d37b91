import { type Clock, pause } from "@postrider/kit-lifecycle";
import type { Deferred, DeferredTask } from "../deferred.ts";
import type { DeferredNotice } from "../kafka/deferred-notice.ts";
import { type KafkaDeferredOptions, openKafkaDeferred } from "../kafka/open-kafka-deferred.ts";
import type { MemoryKafka, MemoryKafkaConnection } from "./memory-kafka.ts";

/** A process that hands deferred tasks out, on a cluster in memory and on virtual time. */
export interface WheelProcess {
  readonly deferred: Deferred;
  readonly handedOut: readonly HandedOut[];
  readonly notices: readonly DeferredNotice[];
  /** Of the run: rejects with it. */
  readonly ended: Promise<void>;
  readonly stop: () => Promise<void>;
  /** As kill -9: no callback of its clock comes any more, nothing of it reaches the cluster. */
  readonly kill: () => void;
}

export interface HandedOut {
  readonly key: string;
  readonly atMs: number;
  readonly dueAtMs: number;
}

export interface WheelProcessOptions extends Partial<Omit<KafkaDeferredOptions, "clock">> {
  readonly memory: MemoryKafka;
  readonly clock: Clock;
  /** What each task's handling does; at once by default. */
  readonly onDue?: (task: DeferredTask) => Promise<void>;
  readonly maxInFlight?: number;
}

export function startWheelProcess({
  memory,
  clock,
  onDue,
  maxInFlight,
  ...options
}: WheelProcessOptions): WheelProcess {
  const connection = memory.connect();
  const killable = createKillableClock(clock);
  const notices: DeferredNotice[] = [];
  const handedOut: HandedOut[] = [];
  const deferred = openKafkaDeferred({
    kafka: connection,
    onNotice: (notice) => notices.push(notice),
    ...options,
    clock: killable.clock,
  });
  const stopping = new AbortController();
  const take = async (task: DeferredTask): Promise<void> => {
    if (killable.isKilled()) throw new Error("a dead process handed out a task");
    handedOut.push({ key: task.key, atMs: clock.nowMs(), dueAtMs: task.dueAtMs });
    await onDue?.(task);
  };
  const ended = deferred.run({ onDue: take, maxInFlight: maxInFlight ?? 100 }, stopping.signal);
  // Looked at where the test waits for it.
  ended.catch(() => undefined);
  return { deferred, handedOut, notices, ended, ...createEnds({ connection, killable, stopping, ended }) };
}

interface EndsOptions {
  readonly connection: MemoryKafkaConnection;
  readonly killable: KillableClock;
  readonly stopping: AbortController;
  readonly ended: Promise<void>;
}

function createEnds({ connection, killable, stopping, ended }: EndsOptions): Pick<WheelProcess, "stop" | "kill"> {
  return {
    stop: async () => {
      stopping.abort();
      await ended;
    },
    kill: () => {
      killable.kill();
      connection.kill();
    },
  };
}

interface KillableClock {
  readonly clock: Clock;
  readonly isKilled: () => boolean;
  readonly kill: () => void;
}

function createKillableClock(clock: Clock): KillableClock {
  let isKilled = false;
  const after = (delayMs: number, callback: () => void) =>
    clock.after(delayMs, () => {
      if (!isKilled) callback();
    });
  return {
    clock: { ...clock, nowMs: clock.nowMs, monotonicUs: clock.monotonicUs, after },
    isKilled: () => isKilled,
    kill: () => {
      isKilled = true;
    },
  };
}

/** Waits on a clock whatever happens. */
export function pauseFor(clock: Clock, delayMs: number): Promise<void> {
  return pause(clock, delayMs, new AbortController().signal);
}
