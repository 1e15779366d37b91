import type { TopicPartitions } from "./kafkajs-internals.ts";

/** A partition while this member has it. One that goes and comes back is another holding. */
export interface Holding {
  /** As the cluster calls it. */
  readonly topic: string;
  readonly partition: number;
  /** Whether the owner has been told, or is being told, that it has it. */
  isAnnounced: boolean;
  /** Whether the owner has taken it over: only then it gets records. */
  isReady: boolean;
  /** By the owner, or because it took fewer than it was given. */
  isPaused: boolean;
  /** The offset after the last one given; undefined as long as it is the log's own start. */
  nextOffset: number | undefined;
}

export interface Change {
  readonly gained: readonly Holding[];
  readonly kept: readonly Holding[];
  /** Those that the owner knows of. */
  readonly lost: readonly Holding[];
}

/** What a member has: the difference between one assignment and the next. Pure. */
export class Holdings {
  #byPlace = new Map<string, Holding>();

  find(topic: string, partition: number): Holding | undefined {
    return this.#byPlace.get(placeOf(topic, partition));
  }

  /** Whether it is still this very one that the member has. */
  has(holding: Holding): boolean {
    return this.find(holding.topic, holding.partition) === holding;
  }

  all(): readonly Holding[] {
    return [...this.#byPlace.values()];
  }

  /** `isContinuous`: this member stayed in the group, so what is assigned again has been nobody else's meanwhile. */
  reassign(assigned: readonly TopicPartitions[], { isContinuous }: { readonly isContinuous: boolean }): Change {
    const before = this.#byPlace;
    this.#byPlace = new Map();
    const gained: Holding[] = [];
    const kept: Holding[] = [];
    for (const { topic, partitions } of assigned) {
      for (const partition of partitions) {
        const place = placeOf(topic, partition);
        const known = isContinuous ? before.get(place) : undefined;
        const holding = known ?? createHolding(topic, partition);
        this.#byPlace.set(place, holding);
        (known ? kept : gained).push(holding);
      }
    }
    const lost = [...before.values()].filter((holding) => holding.isAnnounced && !this.has(holding));
    return { gained, kept, lost };
  }
}

function createHolding(topic: string, partition: number): Holding {
  return { topic, partition, isAnnounced: false, isReady: false, isPaused: false, nextOffset: undefined };
}

function placeOf(topic: string, partition: number): string {
  return `${partition} ${topic}`;
}
