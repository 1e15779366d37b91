import type { KafkaAppend, KafkaRecord } from "@postrider/kit-kafka";
import type { RandomSource } from "../time/random-source.ts";

/** How often offsets are skipped, as those of markers and of compacted records are, and how many at most. */
const GAPS = { probability: 0.02, longest: 5 };

/** One partition of a topic: append-only, with gaps in its offsets. Nothing is ever deleted. */
export class PartitionLog {
  readonly #partition: number;
  readonly #records: KafkaRecord[] = [];
  #nextOffset = 0;

  constructor(partition: number) {
    this.#partition = partition;
  }

  append({ key, headers, value }: KafkaAppend, appendedAtMs: number, random: RandomSource): KafkaRecord {
    if (random.chance(GAPS.probability)) this.#nextOffset += random.whole(1, GAPS.longest);
    const named = key === undefined ? {} : { key };
    const record = { partition: this.#partition, offset: this.#nextOffset, ...named, headers, value, appendedAtMs };
    this.#nextOffset += 1;
    this.#records.push(record);
    return record;
  }

  /** From that offset on, in order, at most so many. */
  read(fromOffset: number, maxCount = Infinity): readonly KafkaRecord[] {
    const start = this.#indexOf(fromOffset);
    return this.#records.slice(start, Math.min(start + maxCount, this.#records.length));
  }

  /** The lowest offset of a record appended at that time or later; beyond all, if there is none. */
  findOffsetSince(sinceMs: number): number {
    return this.#records.find(({ appendedAtMs }) => appendedAtMs >= sinceMs)?.offset ?? this.#nextOffset;
  }

  /** The place of the first record with this offset or a higher one. */
  #indexOf(offset: number): number {
    let low = 0;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#records[middle]?.offset ?? Infinity) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
