import { KafkaError } from "@postrider/kit-kafka";
import { type Clock, pause } from "@postrider/kit-lifecycle";
import type { DeferredTask } from "../deferred.ts";
import type { DeferredNotice } from "./deferred-notice.ts";
import type { TierPartition } from "./tier-partition.ts";

/** Between two tries of a move: doubling from the first to the last. The producer tries for some time by itself. */
const firstRetryMs = 100;
const lastRetryMs = 5_000;

/** What one partition moves at a time: enough for 10,000s a second, little enough to be held for every partition. */
const maxTasks = 500;
const maxBytes = 256 * 1024;

/** Tasks of one partition that are moved together. */
export class MoveBatch {
  readonly tasks: DeferredTask[] = [];
  readonly offsets: number[] = [];
  #bytes = 0;

  /** Whether it takes no more of that size. One task is moved whatever its size. */
  isFullFor(bytes: number): boolean {
    return this.tasks.length >= maxTasks || (this.tasks.length > 0 && this.#bytes + bytes > maxBytes);
  }

  add(task: DeferredTask, offset: number): void {
    this.tasks.push(task);
    this.offsets.push(offset);
    this.#bytes += task.value.byteLength;
  }
}

export interface TaskMovesOptions {
  /** To the tiers that fit at the time of the call. @throws {KafkaError} */
  readonly append: (tasks: readonly DeferredTask[]) => Promise<void>;
  readonly clock: Clock;
  /** Nothing is tried again from then on. */
  readonly stopping: AbortSignal;
  readonly onNotice: (notice: DeferredNotice) => void;
  readonly onMoved: (partition: TierPartition, offsets: readonly number[]) => void;
  /** The partition has no move under way any more, whatever came of it. */
  readonly onEnded: (partition: TierPartition) => void;
  /** Moving can't go on. */
  readonly onFailed: (error: unknown) => void;
}

/** Moves tasks from tier to tier: one batch of each partition at a time. */
export class TaskMoves {
  readonly #options: TaskMovesOptions;
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: TaskMovesOptions) {
    this.#options = options;
  }

  start(partition: TierPartition, batch: MoveBatch): void {
    partition.isMoving = true;
    const move = this.#move(partition, batch).then(() => {
      partition.isMoving = false;
      this.#underWay.delete(move);
      this.#options.onEnded(partition);
    });
    this.#underWay.add(move);
  }

  /** Resolves when none is under way. */
  async untilEnded(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** Tries until the tasks stand in other tiers, the partition leaves, or the run ends. */
  async #move(partition: TierPartition, { tasks, offsets }: MoveBatch): Promise<void> {
    const { append, clock, stopping, onNotice, onMoved, onFailed } = this.#options;
    for (let retryMs = firstRetryMs; partition.isHere; retryMs = Math.min(retryMs * 2, lastRetryMs)) {
      try {
        await append(tasks);
        onMoved(partition, offsets);
        return;
      } catch (error) {
        onNotice({ kind: "move_failed", ...partition.from, error });
        if (!mayPass(error)) onFailed(error);
        await pause(clock, retryMs, stopping);
        if (stopping.aborted) return;
      }
    }
  }
}

/** A broker that refuses may be told otherwise; a client that is closed stays closed, and anything else is a defect. */
function mayPass(error: unknown): boolean {
  return error instanceof KafkaError && error.code !== "closed";
}
