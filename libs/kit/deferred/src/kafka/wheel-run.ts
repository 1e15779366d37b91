import type { GroupConsumer, GroupPosition, KafkaRecord, TopicPartition } from "@postrider/kit-kafka";
import { type Clock, untilAborted } from "@postrider/kit-lifecycle";
import { DeferredError, type DeferredTask, type RunDeferredOptions } from "../deferred.ts";
import { longestSleepMs } from "../postpone.ts";
import type { DeferredNotice } from "./deferred-notice.ts";
import { HandOut } from "./hand-out.ts";
import { HoldingRoom, type HoldingRoomOptions } from "./holding-room.ts";
import { judgeRecord, type Room } from "./judge-record.ts";
import { ProgressCommits } from "./progress-commits.ts";
import { MoveBatch, TaskMoves } from "./task-moves.ts";
import { decodeTask } from "./task-record.ts";
import { TierPartition } from "./tier-partition.ts";
import type { Tiers } from "./tiers.ts";

/** Between two looks at a partition whose head was not mature, so that a steady stream is not fetched once per record. */
const lookMs = 200;

export interface WheelRunOptions extends RunDeferredOptions, HoldingRoomOptions {
  readonly tiers: Tiers;
  readonly consumer: GroupConsumer;
  /** To the tiers that fit at the time of the call. @throws {KafkaError} */
  readonly append: (tasks: readonly DeferredTask[]) => Promise<void>;
  readonly clock: Clock;
  readonly onNotice: (notice: DeferredNotice) => void;
}

/** One run: reads the tiers, holds or moves what is mature, hands out what is due, commits how far it came. */
export class WheelRun {
  readonly #options: WheelRunOptions;
  readonly #partitions = new Map<string, TierPartition>();
  readonly #waitingForRoom = new Set<TierPartition>();
  readonly #room: HoldingRoom;
  readonly #handOut: HandOut;
  readonly #moves: TaskMoves;
  readonly #commits: ProgressCommits;
  readonly #stopping = new AbortController();
  readonly #failed = Promise.withResolvers<never>();

  constructor(options: WheelRunOptions) {
    this.#options = options;
    this.#room = new HoldingRoom(options);
    this.#commits = new ProgressCommits({ ...options, partitions: this.#partitions });
    this.#handOut = new HandOut({
      ...options,
      room: this.#room,
      onHandled: ({ partition, offset }) => {
        this.#finish(partition, [offset]);
        this.#useRoom();
      },
    });
    this.#moves = new TaskMoves({
      ...options,
      stopping: this.#stopping.signal,
      onMoved: this.#finish.bind(this),
      onEnded: this.#readOn.bind(this),
      onFailed: this.#failed.reject,
    });
  }

  /**
   * Until the signal aborts. The group is left only after the last commit: until then nobody else takes what is in
   * flight here. @throws {DeferredError} when reading or moving can't go on
   */
  async run(signal: AbortSignal): Promise<void> {
    const leaving = new AbortController();
    const reading = this.#read(leaving.signal);
    reading.catch(this.#failed.reject);
    try {
      await Promise.race([untilAborted(signal), this.#failed.promise]);
    } catch (error) {
      throw toFailure(error);
    } finally {
      await this.#drain();
      leaving.abort();
      // If it is what failed, that is told already.
      await reading.catch(() => undefined);
    }
    await reading;
  }

  async #read(signal: AbortSignal): Promise<void> {
    const events = {
      assigned: this.#enter.bind(this),
      revoked: this.#leave.bind(this),
      records: this.#take.bind(this),
      rebalancing: () => this.#commits.listUncommitted(),
    };
    try {
      await this.#options.consumer.run(events, signal);
    } catch (error) {
      throw toFailure(error);
    }
    if (!signal.aborted) throw new DeferredError("unavailable", "deferred tasks: reading ended by itself");
  }

  async #drain(): Promise<void> {
    this.#stopping.abort();
    for (const partition of this.#partitions.values()) partition.wake();
    await this.#handOut.stop();
    await this.#moves.untilEnded();
    await this.#commits.commitAtEnd();
  }

  #enter(positions: readonly GroupPosition[]): void {
    for (const position of positions) {
      const tier = this.#options.tiers.find(({ topic }) => topic === position.topic);
      if (tier) this.#partitions.set(nameOf(position), new TierPartition({ tier, position }));
    }
  }

  #leave(partitions: readonly TopicPartition[]): void {
    for (const from of partitions) {
      const partition = this.#partitions.get(nameOf(from));
      if (partition === undefined) continue;
      partition.leave();
      this.#partitions.delete(nameOf(from));
      this.#waitingForRoom.delete(partition);
    }
    this.#handOut.forgetLeft();
    this.#useRoom();
  }

  /** Takes what is mature from the head of a partition, and gives how many these are. */
  #take(from: TopicPartition, records: readonly KafkaRecord[]): number {
    const partition = this.#partitions.get(nameOf(from));
    if (partition === undefined) return records.length;
    if (partition.isMoving || this.#stopping.signal.aborted) return 0;
    partition.wake();
    this.#waitingForRoom.delete(partition);
    partition.lookedAtMs = this.#options.clock.nowMs();
    const moving = new MoveBatch();
    const end = records.findIndex((record) => !this.#takeOne(partition, record, moving));
    if (moving.tasks.length > 0) this.#moves.start(partition, moving);
    this.#handOut.advance();
    return end < 0 ? records.length : end;
  }

  /** False if it was not taken: the partition then waits for something that makes it read on. */
  #takeOne(partition: TierPartition, record: KafkaRecord, moving: MoveBatch): boolean {
    const { tier, window } = partition;
    if (window.shouldSkip(record.offset)) return true;
    const { task, isMalformed } = decodeTask(record);
    const { byteLength: bytes } = task.value;
    const verdict = judgeRecord({
      tiers: this.#options.tiers,
      ...{ tier, appendedAtMs: record.appendedAtMs, dueAtMs: task.dueAtMs, nowMs: partition.lookedAtMs },
      room: this.#findRoom(partition, bytes),
    });
    switch (verdict.kind) {
      case "wait":
        this.#sleep(partition, verdict.untilMs);
        return false;
      case "wait_for_room":
        this.#waitingForRoom.add(partition);
        return false;
      case "move":
        if (moving.isFullFor(bytes)) return false;
        window.admit(record.offset, bytes);
        moving.add(task, record.offset);
        return true;
      case "hold":
        if (isMalformed) this.#options.onNotice({ kind: "malformed", ...partition.from, offset: record.offset });
        window.admit(record.offset, bytes);
        this.#handOut.hold({ isEarly: verdict.isEarly, bytes, partition, offset: record.offset, task });
        return true;
    }
  }

  #findRoom(partition: TierPartition, bytes: number): Room {
    const { window } = partition;
    return {
      forDue: !window.isFull && this.#room.canTake({ isEarly: false, bytes }),
      forEarly: partition.hasRoomForEarly && this.#room.canTake({ isEarly: true, bytes }),
      isSoonFree: !window.isFull || partition.isSoonFree,
    };
  }

  #sleep(partition: TierPartition, maturesAtMs: number): void {
    const { clock } = this.#options;
    const atMs = Math.max(maturesAtMs, partition.lookedAtMs + lookMs);
    const sleepMs = Math.min(Math.max(atMs - clock.nowMs(), 0), longestSleepMs);
    const cancel = clock.after(Math.ceil(sleepMs), () => {
      partition.wake();
      if (atMs > clock.nowMs()) this.#sleep(partition, maturesAtMs);
      else this.#readOn(partition);
    });
    partition.sleep(cancel);
  }

  #readOn(partition: TierPartition): void {
    if (this.#stopping.signal.aborted || this.#waitingForRoom.has(partition) || !partition.canBeReadOn) return;
    this.#options.consumer.resume(partition.from);
  }

  /** Lets those go on that wait for room, when there is some. */
  #useRoom(): void {
    if (this.#waitingForRoom.size === 0 || !this.#room.hasSlack) return;
    for (const partition of this.#waitingForRoom) {
      if (!partition.canUseRoom) continue;
      this.#waitingForRoom.delete(partition);
      this.#readOn(partition);
    }
  }

  #finish(partition: TierPartition, offsets: readonly number[]): void {
    for (const offset of offsets) partition.window.finish(offset);
    if (partition.isHere) this.#commits.commitSoon();
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}:${partition}`;
}

function toFailure(cause: unknown): DeferredError {
  if (cause instanceof DeferredError) return cause;
  const words = cause instanceof Error ? cause.message : String(cause);
  return new DeferredError("unavailable", `deferred tasks: ${words}`, { cause });
}
