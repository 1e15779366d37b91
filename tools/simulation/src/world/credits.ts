import type { KafkaRecord, TopicPartition } from "@postrider/kit-kafka";
import type { Loss } from "../log/cluster-state.ts";
import { findUnfinished } from "../log/find-unfinished.ts";
import type { Machine } from "../time/machine.ts";
import { deliveryKey } from "./facts.ts";
import { topicOf } from "./record-topic.ts";

/** Around a time at which the ids of a partition could not be read back: events of it may then be taken twice. */
const AMNESIA_MS = 12 * 60_000;

interface Copies {
  readonly partition: number;
  readonly firstAtMs: number;
  count: number;
}

/**
 * How often each delivery may be taken up once more than needed, by at-least-once: once for each time that its record
 * was unfinished, by what was committed, when its owner lost it while it had begun; and once for each copy in a tier
 * whose append nobody was told of. A delivery that goes out more often is a fault.
 */
export class Credits {
  readonly #counts = new Map<string, number>();
  /** By machine, what it did something about. */
  readonly #touched = new WeakMap<Machine, Set<string>>();
  readonly #published = new Map<string, Copies>();
  readonly #amnesia: { readonly partition: number; readonly atMs: number }[] = [];
  readonly #read: (place: TopicPartition, fromOffset: number) => readonly KafkaRecord[];

  constructor(read: (place: TopicPartition, fromOffset: number) => readonly KafkaRecord[]) {
    this.#read = read;
  }

  find(eventId: string, subscriptionId: string): number {
    const ofDelivery = this.#counts.get(deliveryKey(eventId, subscriptionId)) ?? 0;
    const ofEvent = this.#counts.get(deliveryKey(eventId, "")) ?? 0;
    return ofDelivery + ofEvent + this.#findCopies(eventId);
  }

  notePublished(eventId: string, partition: number, atMs: number): void {
    const copies = this.#published.get(eventId) ?? { partition, firstAtMs: atMs, count: 0 };
    copies.count += 1;
    this.#published.set(eventId, copies);
  }

  noteAmnesia(partition: number, atMs: number): void {
    this.#amnesia.push({ partition, atMs });
  }

  /** A copy stands in a tier, and whoever appended it will append it again. */
  noteUnacknowledged(record: KafkaRecord): void {
    const { eventId, subscriptionId } = topicOf(record);
    this.#add(deliveryKey(eventId, subscriptionId));
  }

  noteTouched(machine: Machine, eventId: string, subscriptionId: string): void {
    const touched = this.#touched.get(machine) ?? new Set();
    this.#touched.set(machine, touched.add(deliveryKey(eventId, subscriptionId)).add(eventId));
  }

  noteLoss({ machine, committed, takenTo }: Loss): void {
    for (const record of findUnfinished(this.#read(committed, committed.offset), committed)) {
      if (record.offset >= takenTo) break;
      const { eventId, subscriptionId } = topicOf(record);
      // What a dead machine had not begun is done once. One that lives ends what it has taken, begun or not.
      if (machine.isAlive || this.#hasTouched(machine, eventId, subscriptionId))
        this.#add(deliveryKey(eventId, subscriptionId));
    }
  }

  #hasTouched(machine: Machine, eventId: string, subscriptionId: string): boolean {
    const name = subscriptionId === "" ? eventId : deliveryKey(eventId, subscriptionId);
    return this.#touched.get(machine)?.has(name) === true;
  }

  #findCopies(eventId: string): number {
    const copies = this.#published.get(eventId);
    if (copies === undefined || copies.count === 1) return 0;
    const { partition, firstAtMs, count } = copies;
    const isForgotten = this.#amnesia.some(
      (one) => one.partition === partition && Math.abs(one.atMs - firstAtMs) < AMNESIA_MS,
    );
    return isForgotten ? count - 1 : 0;
  }

  #add(key: string): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }
}
