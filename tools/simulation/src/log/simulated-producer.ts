import { type KafkaAppend, KafkaError, type KafkaProducer } from "@postrider/kit-kafka";
import type { Machine } from "../time/machine.ts";
import type { ClusterState } from "./cluster-state.ts";

/** As the real producer: no caller waits longer; between two tries, doubling from the first to the last. */
const MAX_WAIT_MS = 8_000;
const RETRY_MS = { first: 50, last: 1_000 };
/** Of appends whose answer is lost: how often the caller is told at once, and how often only a part stands in the log. */
const TOLD_AT_ONCE = 0.5;
const IN_PART = 0.3;

interface Pending {
  readonly sinceMs: number;
  readonly records: readonly KafkaAppend[];
  readonly resolve: (result: { readonly appendedAtMs: number }) => void;
  readonly reject: (error: KafkaError) => void;
}

/** Appends of one process: one request is out at a time, and what is appended meanwhile gathers into the next. */
export class SimulatedProducer implements KafkaProducer {
  readonly #cluster: ClusterState;
  readonly #machine: Machine;
  #queue: Pending[] = [];
  #isSending = false;

  constructor(cluster: ClusterState, machine: Machine) {
    this.#cluster = cluster;
    this.#machine = machine;
  }

  readonly append = async (records: readonly KafkaAppend[]): Promise<{ readonly appendedAtMs: number }> => {
    for (const { topic } of records) this.#cluster.partitionsOf(topic);
    await this.#machine.pass();
    return new Promise((resolve, reject) => {
      this.#queue.push({ sinceMs: this.#cluster.time.nowMs, records, resolve, reject });
      if (!this.#isSending) void this.#send();
    });
  };

  async #send(): Promise<void> {
    this.#isSending = true;
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      await this.#deliver(batch);
    }
    this.#isSending = false;
  }

  async #deliver(batch: readonly Pending[]): Promise<void> {
    let open = batch;
    for (let retryMs = RETRY_MS.first; open.length > 0; retryMs = Math.min(retryMs * 2, RETRY_MS.last)) {
      const appendedAtMs = await this.#try(open.flatMap(({ records }) => records));
      if (appendedAtMs !== undefined) {
        for (const { resolve } of open) resolve({ appendedAtMs });
        return;
      }
      open = this.#rejectLate(open);
      if (open.length > 0) await this.#machine.wait(retryMs);
    }
  }

  /** Undefined when it failed, or nobody knows. */
  async #try(records: readonly KafkaAppend[]): Promise<number | undefined> {
    const { random, faults, nowMs: sentAtMs } = this.#cluster;
    await this.#machine.wait(this.#cluster.drawLatencyMs());
    if (faults.isAway) return undefined;
    const isLost = faults.lostAnswers > 0 && random.chance(faults.lostAnswers);
    const count = isLost && random.chance(IN_PART) ? random.whole(0, records.length) : records.length;
    for (const record of records.slice(0, count)) this.#cluster.append(record, !isLost, this.#machine);
    const appendedAtMs = this.#cluster.nowMs;
    this.#cluster.tellReadable(records.map(({ topic }) => topic));
    await this.#machine.pass();
    await this.#machine.wait(this.#cluster.drawLatencyMs());
    if (!isLost) return Math.max(appendedAtMs, sentAtMs);
    await this.#machine.wait(random.between(50, 4_000));
    return undefined;
  }

  #rejectLate(open: readonly Pending[]): readonly Pending[] {
    const { time, random } = this.#cluster;
    const isToldAtOnce = !this.#cluster.faults.isAway && random.chance(TOLD_AT_ONCE);
    const isLate = ({ sinceMs }: Pending): boolean => isToldAtOnce || time.nowMs - sinceMs >= MAX_WAIT_MS;
    for (const pending of open) {
      if (isLate(pending)) pending.reject(new KafkaError("unavailable", "append: no answer came"));
    }
    return open.filter((pending) => !isLate(pending));
  }
}
