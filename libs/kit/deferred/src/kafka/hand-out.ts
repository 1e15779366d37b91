import type { Cancel, Clock } from "@postrider/kit-lifecycle";
import type { DeferredTask, RunDeferredOptions } from "../deferred.ts";
import { longestSleepMs, postpone, tryToHandle } from "../postpone.ts";
import { DueHeap, type Timed } from "./due-heap.ts";
import type { HoldingRoom, RoomTaker } from "./holding-room.ts";
import type { TierPartition } from "./tier-partition.ts";

/** A task that was taken from a partition. */
export interface TakenTask extends RoomTaker {
  readonly task: DeferredTask;
  readonly partition: TierPartition;
  readonly offset: number;
}

interface HeldTask extends TakenTask, Timed {
  /** How often its handling failed. */
  readonly failures: number;
}

export interface HandOutOptions extends RunDeferredOptions {
  readonly clock: Clock;
  readonly room: HoldingRoom;
  /** The task was handled, and its room is free again. */
  readonly onHandled: (taken: TakenTask) => void;
}

/** Holds tasks in memory, and hands them out in the order of their due times, up to `maxInFlight` at a time. */
export class HandOut {
  readonly #options: HandOutOptions;
  readonly #heap = new DueHeap<HeldTask>();
  #inFlightCount = 0;
  #isStopping = false;
  readonly #ended = Promise.withResolvers<undefined>();
  #timer: { readonly atMs: number; readonly cancel: Cancel } | undefined;

  constructor(options: HandOutOptions) {
    this.#options = options;
  }

  /** Takes a task in; {@link advance} hands it out. Its handling is told of unless its partition leaves before. */
  hold(taken: TakenTask): void {
    this.#options.room.take(taken);
    if (taken.isEarly) taken.partition.earlyCount++;
    this.#heap.push({ ...taken, handOutAtMs: taken.task.dueAtMs, failures: 0 });
  }

  /** Forgets what is held of partitions that have left. What is in flight of them still ends. */
  forgetLeft(): void {
    for (const held of this.#heap.removeAll(({ partition }) => !partition.isHere)) this.#options.room.give(held);
  }

  /** Hands out what is due. To be called when something was added. */
  advance(): void {
    if (this.#isStopping) {
      if (this.#inFlightCount === 0) this.#ended.resolve(undefined);
      return;
    }
    const nowMs = this.#options.clock.nowMs();
    while (this.#inFlightCount < this.#options.maxInFlight) {
      const next = this.#heap.peek();
      if (next === undefined || next.handOutAtMs > nowMs) break;
      this.#heap.take();
      if (next.isEarly && next.failures === 0) next.partition.earlyCount--;
      void this.#handle(next);
    }
    this.#setTimer(nowMs);
  }

  /** Hands out nothing more; resolves when what is in flight has ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#timer?.cancel();
    this.advance();
    await this.#ended.promise;
  }

  /** With all in flight there is no timer: the end of a handling comes back to {@link advance}. */
  #setTimer(nowMs: number): void {
    const next = this.#inFlightCount < this.#options.maxInFlight ? this.#heap.peek() : undefined;
    const atMs = next === undefined ? undefined : Math.min(next.handOutAtMs, nowMs + longestSleepMs);
    if (this.#timer !== undefined && this.#timer.atMs === atMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (atMs === undefined) return;
    const cancel = this.#options.clock.after(Math.ceil(Math.max(atMs - nowMs, 0)), () => {
      this.#timer = undefined;
      this.advance();
    });
    this.#timer = { atMs, cancel };
  }

  async #handle(held: HeldTask): Promise<void> {
    this.#inFlightCount++;
    const hasFinished = await tryToHandle(held.task, this.#options.onDue);
    this.#inFlightCount--;
    if (hasFinished || !held.partition.isHere) {
      this.#options.room.give(held);
      this.#options.onHandled(held);
    } else this.#heap.push(postpone(held, this.#options.clock.nowMs()));
    this.advance();
  }
}
