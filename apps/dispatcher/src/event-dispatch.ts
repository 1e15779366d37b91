import type { LogReader, LogRecord, Position } from "@postrider/kit-event-log";
import { type Clock, pause, untilAborted } from "@postrider/kit-lifecycle";
import type { Logger } from "@postrider/kit-telemetry";
import { decodeEvent, type DecodedEvent, encodeQuarantined } from "@postrider/records";
import { Congestion } from "./congestion.ts";
import { dispatchEvent, type DispatchEventDeps } from "./dispatch-event.ts";
import type { DispatcherMetrics } from "./dispatcher-metrics.ts";
import type { Gates } from "./gates.ts";
import { PartitionProgress } from "./partition-progress.ts";
import type { Recorder } from "./recorder.ts";

export interface EventDispatchDeps extends Omit<DispatchEventDeps, "signal"> {
  readonly reader: LogReader;
  readonly recorder: Recorder;
  readonly gates: Pick<Gates, "waiting">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: DispatcherMetrics;
  /** How often positions are committed, in milliseconds. */
  readonly commitMs: number;
}

export interface EventDispatchSignals {
  /** No more events are read. */
  readonly stop: AbortSignal;
  /** What is out is no longer waited for. */
  readonly abandon: AbortSignal;
}

/**
 * So long is remembered what was known of a partition that went: a group that finds itself anew gives most of them back
 * where they were. Their ids alone can take tens of megabytes.
 */
const LEFT_MS = 60_000;
/** Partitions whose last minutes are read back at the same time. */
const RESTORED_AT_A_TIME = 8;

/**
 * The main path: from a record of the log to its deliveries, and from their ends to the committed position. Reads until
 * `stop`, then waits for what is out until `abandon`, and commits.
 *
 * Of a partition that was revoked nothing is committed any more. Requests that are out can't be called back: they end
 * and are recorded, and the new owner sends those events again, under the same `webhook-id`. If it comes back and nobody
 * has committed meanwhile (the group lost its coordinator, or this process its session), it goes on where it was.
 * @throws LogError when reading can't go on
 */
export async function runEventDispatch(deps: EventDispatchDeps, signals: EventDispatchSignals): Promise<void> {
  const dispatch = new EventDispatch(deps, signals);
  await dispatch.run();
}

class EventDispatch {
  readonly #deps: EventDispatchDeps;
  readonly #signals: EventDispatchSignals;
  readonly #partitions = new Map<number, PartitionProgress>();
  /** Those that went a moment ago. */
  readonly #left = new Map<number, PartitionProgress>();
  readonly #dispatching: DispatchEventDeps;
  readonly #congestion: Congestion;
  #isHeld = false;
  #outCount = 0;
  /** Called when nothing is out any more. */
  #noteAllEnded: () => void = () => undefined;

  constructor(deps: EventDispatchDeps, signals: EventDispatchSignals) {
    this.#deps = deps;
    this.#signals = signals;
    this.#dispatching = { ...deps, signal: signals.abandon };
    this.#congestion = new Congestion({
      ...{ clock: deps.clock, waiting: deps.gates.waiting },
      hold: () => {
        this.#isHeld = true;
        for (const partition of this.#partitions.values()) partition.hold();
      },
      release: () => {
        this.#isHeld = false;
        for (const partition of this.#partitions.values()) partition.release();
      },
    });
  }

  async run(): Promise<void> {
    const { stop, abandon } = this.#signals;
    const committing = this.#commitUntil(stop);
    await this.#deps.reader.run(
      {
        assigned: async (positions) => this.#restore(positions),
        revoked: (numbers) => {
          for (const number of numbers) this.#drop(number);
        },
        records: (number, records) => {
          const partition = this.#partitions.get(number);
          if (partition) for (const record of records) this.#take(partition, record);
          this.#congestion.note();
        },
        rebalancing: () => {
          this.#deps.metrics.rebalancing();
          return this.#takeUncommitted().map(({ position }) => position);
        },
      },
      stop,
    );
    await Promise.race([this.#untilAllEnded(), untilAborted(abandon)]);
    await committing;
    await this.#commit();
  }

  /** Some at a time, so that one with much to read back holds up few, and all together don't fill the memory. */
  async #restore(positions: readonly Position[]): Promise<void> {
    const deps = { ...this.#deps, stop: this.#signals.stop };
    const waiting = positions.values();
    const restoreNext = async (): Promise<void> => {
      for (const position of waiting) {
        this.#drop(position.partition);
        const partition = this.#takeUp(position) ?? (await PartitionProgress.restore(position, deps));
        this.#partitions.set(position.partition, partition);
        if (this.#isHeld) partition.hold();
        else partition.release();
      }
    };
    await Promise.all(Array.from({ length: RESTORED_AT_A_TIME }, restoreNext));
    this.#deps.metrics.assigned(this.#partitions.size);
  }

  #drop(number: number): void {
    const partition = this.#partitions.get(number);
    if (partition === undefined) return;
    partition.drop();
    this.#partitions.delete(number);
    this.#deps.metrics.assigned(this.#partitions.size);
    this.#left.set(number, partition);
    this.#deps.clock.after(LEFT_MS, () => {
      if (this.#left.get(number) === partition) this.#left.delete(number);
    });
  }

  #takeUp(position: Position): PartitionProgress | undefined {
    const partition = this.#left.get(position.partition);
    this.#left.delete(position.partition);
    return partition?.takeUp(position) === true ? partition : undefined;
  }

  #take(partition: PartitionProgress, record: LogRecord): void {
    const decoded = decodeEvent(record);
    switch (partition.take(record, decoded.kind)) {
      case "finished_before":
        return;
      case "repeated":
        this.#deps.metrics.repeated();
        partition.finish(record.offset);
        return;
      case "new": {
        this.#outCount += 1;
        const { offset } = record;
        // Not awaited, and no async function: this is done for every event.
        this.#dispatch(record, decoded).then(() => {
          partition.finish(offset);
          this.#outCount -= 1;
          if (this.#outCount === 0) this.#noteAllEnded();
        }, this.#leave);
      }
    }
  }

  readonly #leave = (error: unknown): void => {
    // Only an ending process gives up: the event stays unfinished, and the next start reads it again.
    if (this.#signals.abandon.aborted) return;
    // A defect. It ends the process, as an unhandled rejection, instead of leaving the event unseen.
    throw error;
  };

  #dispatch(record: LogRecord, decoded: DecodedEvent): Promise<void> {
    if (decoded.kind === "event") return dispatchEvent(decoded.event, this.#dispatching);
    this.#deps.metrics.quarantined();
    return this.#deps.recorder.recordQuarantined(encodeQuarantined(record, decoded.reason));
  }

  async #untilAllEnded(): Promise<void> {
    if (this.#outCount === 0) return;
    await new Promise<void>((resolve) => {
      this.#noteAllEnded = resolve;
    });
  }

  async #commitUntil(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await pause(this.#deps.clock, this.#deps.commitMs, stop);
      await this.#commit();
    }
  }

  #takeUncommitted(): readonly { readonly partition: PartitionProgress; readonly position: Position }[] {
    return [...this.#partitions.values()].flatMap((partition) => {
      const position = partition.takeUncommitted();
      return position ? [{ partition, position }] : [];
    });
  }

  async #commit(): Promise<void> {
    const uncommitted = this.#takeUncommitted();
    if (uncommitted.length === 0) return;
    try {
      await this.#deps.reader.commit(uncommitted.map(({ position }) => position));
      for (const { partition, position } of uncommitted) partition.noteCommitted(position);
    } catch (error) {
      this.#deps.logger.warn({ err: error }, "could not commit the position; tried again at the next commit");
    }
  }
}
