import { type Clock, pause } from "@postrider/kit-lifecycle";
import type { Producer } from "kafkajs";
import { createKafkaError, describeFailure, isFinal, isUnknownTopic } from "./kafka-failure.ts";
import type { NoticeSink } from "./kafka-notice.ts";
import { KafkaError, type KafkaAppend, type KafkaProducer } from "./kafka.ts";
import {
  cutAppend,
  cutByTopic,
  mergeByTopic,
  takeBatch,
  topicsOf,
  type CutOptions,
  type PendingAppend,
  type Piece,
} from "./produce-batch.ts";

/** No caller waits longer, whatever the cluster does. */
const MAX_WAIT_MS = 8_000;
/** How often it is looked for callers that have waited too long. */
const TICK_MS = 250;
/** Between two tries: doubling from the first to the last. */
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1_000;
/** A topic may be unknown to a broker that has just started, but not for long. */
const UNKNOWN_TOPIC_MS = 2_000;

export interface ProducerOptions extends CutOptions {
  /** Connected; without retries of its own. */
  readonly producer: Pick<Producer, "sendBatch">;
  readonly clock: Clock;
  readonly onNotice: NoticeSink;
}

/**
 * One request is out at a time; what is appended meanwhile gathers into the next. So a partition's order is the callers',
 * and a busy producer sends few large requests (a request a record would end at some thousands a second).
 *
 * kafkajs must not retry by itself: its retry takes an answer of a broker for one of all the partitions that have moved to
 * that broker since, and acknowledges records that were never sent (kafkajs issue 1303). Here each try is a call of its
 * own, which sends everything again that is not acknowledged: a try that failed in part leaves duplicates, never a hole.
 *
 * What waits is not bounded here: callers that take more than the cluster does must count, as ingest does.
 */
export class BatchingProducer implements KafkaProducer {
  readonly #options: ProducerOptions;
  #queue: Piece[] = [];
  /** In the order of the calls, so that the first has waited longest. */
  readonly #pending = new Set<PendingAppend>();
  #isSending = false;
  #isClosed = false;

  constructor(options: ProducerOptions) {
    this.#options = options;
  }

  readonly append = async (records: readonly KafkaAppend[]): Promise<{ readonly appendedAtMs: number }> => {
    if (this.#isClosed) throw new KafkaError("closed", "append: the connection to Kafka was closed");
    const nowMs = this.#options.clock.nowMs();
    if (records.length === 0) return { appendedAtMs: nowMs };
    const pieces = cutAppend(records, this.#options);
    return new Promise((resolve, reject) => {
      const append: PendingAppend = { sinceMs: nowMs, unfinished: pieces.length, appendedAtMs: 0, resolve, reject };
      for (const piece of pieces) this.#queue.push({ ...piece, append });
      this.#pending.add(append);
      if (!this.#isSending) void this.#send();
    });
  };

  /** Refuses new appends, and waits for those that are out: for as long as one may take. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const outcomes = [...this.#pending].map(
      (append) =>
        new Promise<void>((resolve) => {
          append.settled = resolve;
        }),
    );
    await Promise.all(outcomes);
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    const stopTicking = this.#tick();
    // Callers of the same turn go together.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const { batch, rest } = takeBatch(this.#queue);
      this.#queue = rest;
      await this.#deliver(batch, this.#options.clock.nowMs());
    }
    stopTicking();
    this.#isSending = false;
  }

  /** Until every piece is durable or its caller rejected. Never throws. */
  async #deliver(batch: readonly Piece[], firstTryMs: number): Promise<void> {
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)) {
      const open = batch.filter(({ append }) => this.#pending.has(append));
      if (open.length === 0) return;
      try {
        const appendedAtMs = await this.#trySend(open);
        this.#lastFailure = undefined;
        for (const { append } of open) this.#finish(append, appendedAtMs);
        return;
      } catch (error) {
        const waitedMs = this.#options.clock.nowMs() - firstTryMs;
        if (isFinal(error) || (isUnknownTopic(error) && waitedMs >= UNKNOWN_TOPIC_MS)) {
          await this.#isolate(open, { error, firstTryMs });
          return;
        }
        this.#tellRetry(open, error);
        await pause(this.#options.clock, retryMs);
      }
    }
  }

  async #trySend(pieces: readonly Piece[]): Promise<number> {
    const sent = await this.#options.producer.sendBatch({
      acks: -1,
      timeout: MAX_WAIT_MS / 2,
      topicMessages: mergeByTopic(pieces),
    });
    const times = sent.map(({ logAppendTime }) => Number(logAppendTime));
    const appendedAtMs = Math.max(...times);
    // -1 of a topic that keeps its producers' times.
    return appendedAtMs > 0 ? appendedAtMs : this.#options.clock.nowMs();
  }

  /** One of several is at fault: halves find it in few sends, so that only its caller is rejected. */
  async #isolate(pieces: readonly Piece[], { error, firstTryMs }: Refusal): Promise<void> {
    const [first] = pieces;
    if (first === undefined) return;
    if (pieces.length === 1) {
      const byTopic = cutByTopic(first);
      if (byTopic.length === 1) {
        this.#reject(first.append, createKafkaError(`topic ${topicsOf(first)}`, error));
        return;
      }
      first.append.unfinished += byTopic.length - 1;
      for (const piece of byTopic) await this.#deliver([piece], firstTryMs);
      return;
    }
    const middle = pieces.length >> 1;
    await this.#deliver(pieces.slice(0, middle), firstTryMs);
    await this.#deliver(pieces.slice(middle), firstTryMs);
  }

  #finish(append: PendingAppend, appendedAtMs: number): void {
    append.appendedAtMs = Math.max(append.appendedAtMs, appendedAtMs);
    append.unfinished--;
    if (append.unfinished > 0 || !this.#pending.delete(append)) return;
    append.resolve({ appendedAtMs: append.appendedAtMs });
    append.settled?.();
  }

  #reject(append: PendingAppend, error: KafkaError): void {
    if (!this.#pending.delete(append)) return;
    append.reject(error);
    append.settled?.();
  }

  /** Rejects, from now on and until stopped, who has waited too long. One timer for all. */
  #tick(): () => void {
    const { clock } = this.#options;
    const tick = (): void => {
      cancel = clock.after(TICK_MS, tick);
      if (!this.#giveUp()) return;
      // A request may hang for longer: what nobody waits for must not hold its bytes until then.
      this.#queue = this.#queue.filter(({ append }) => this.#pending.has(append));
    };
    let cancel = clock.after(TICK_MS, tick);
    return () => {
      cancel();
    };
  }

  /** Whether there was anybody who has waited too long. */
  #giveUp(): boolean {
    const nowMs = this.#options.clock.nowMs();
    let hasAny = false;
    for (const append of this.#pending) {
      if (nowMs - append.sinceMs < MAX_WAIT_MS) break;
      hasAny = true;
      const words = `append: not acknowledged by Kafka within ${MAX_WAIT_MS} ms`;
      this.#reject(append, new KafkaError("unavailable", `${words}: ${this.#lastFailure ?? "no answer"}`));
    }
    return hasAny;
  }

  /** What to tell those that give up. */
  #lastFailure: string | undefined;

  #tellRetry(pieces: readonly Piece[], error: unknown): void {
    this.#lastFailure = describeFailure(error);
    const records = pieces.reduce((sum, { count }) => sum + count, 0);
    this.#options.onNotice({
      kind: "append_retried",
      message: `${records} records are sent again: ${this.#lastFailure}`,
      facts: { records },
    });
  }
}

interface Refusal {
  readonly error: unknown;
  readonly firstTryMs: number;
}
