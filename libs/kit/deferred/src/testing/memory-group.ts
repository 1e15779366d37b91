import type { GroupEvents, GroupOptions, GroupPosition, KafkaRecord, TopicPartition } from "@postrider/kit-kafka";
import type { MemoryLog } from "./memory-log.ts";

/** One fetch brings at most this many records of a partition, so that a member does not get all at once. */
const fetchRecords = 1_000;

/** A partition at a member. */
interface Held {
  readonly from: TopicPartition;
  nextOffset: number;
  isPaused: boolean;
}

export interface MemberOptions {
  readonly options: GroupOptions;
  readonly events: GroupEvents;
  readonly log: MemoryLog;
  /** Calls back when the member may fetch. */
  readonly later: (callback: () => void) => void;
}

/** A member of a group in memory. What its process does not see any more, once it was killed, is nothing. */
export class MemoryMember {
  readonly #options: MemberOptions;
  readonly #held = new Map<string, Held>();
  #isFetchPlanned = false;
  isKilled = false;

  constructor(options: MemberOptions) {
    this.#options = options;
  }

  get topics(): readonly string[] {
    return this.#options.options.topics;
  }

  has(from: TopicPartition): boolean {
    return this.#held.has(nameOf(from));
  }

  askPositions(): readonly GroupPosition[] {
    return this.isKilled ? [] : this.#options.events.rebalancing().filter((position) => this.has(position));
  }

  async leave(isStaying: (from: TopicPartition) => boolean): Promise<void> {
    const lost = [...this.#held.values()].map(({ from }) => from).filter((from) => !isStaying(from));
    for (const from of lost) this.#held.delete(nameOf(from));
    if (lost.length > 0 && !this.isKilled) await this.#options.events.revoked(lost);
  }

  async enter(positions: readonly GroupPosition[]): Promise<void> {
    if (this.isKilled || positions.length === 0) return;
    await this.#options.events.assigned(positions);
    for (const { topic, partition, offset } of positions) {
      const from = { topic, partition };
      this.#held.set(nameOf(from), { from, nextOffset: offset, isPaused: false });
    }
    this.planFetch();
  }

  setPaused(from: TopicPartition, isPaused: boolean): void {
    const held = this.#held.get(nameOf(from));
    if (held) held.isPaused = isPaused;
    if (!isPaused) this.planFetch();
  }

  /** To be called when there may be something to read. */
  planFetch(): void {
    if (this.#isFetchPlanned || this.isKilled) return;
    this.#isFetchPlanned = true;
    this.#options.later(() => {
      this.#isFetchPlanned = false;
      if (!this.isKilled) this.#fetch();
    });
  }

  #fetch(): void {
    for (const held of this.#held.values()) {
      const records = this.#read(held);
      if (records.length === 0) continue;
      const takenCount = this.#options.events.records(held.from, records);
      held.nextOffset += takenCount;
      if (takenCount < records.length) held.isPaused = true;
      else this.planFetch();
    }
  }

  #read({ from, nextOffset, isPaused }: Held): readonly KafkaRecord[] {
    return isPaused ? [] : this.#options.log.read(from).slice(nextOffset, nextOffset + fetchRecords);
  }
}

interface MemoryGroupCluster {
  readonly log: MemoryLog;
  readonly faults: { readonly isAway: boolean };
}

/** Members that share partitions, and where they stand. Rebalances come one after another. */
export class MemoryGroup {
  readonly #cluster: MemoryGroupCluster;
  readonly #members: MemoryMember[] = [];
  readonly #positions = new Map<string, GroupPosition>();
  #shift = 0;
  #rebalanced: Promise<void> = Promise.resolve();

  constructor(cluster: MemoryGroupCluster) {
    this.#cluster = cluster;
  }

  async join(member: MemoryMember): Promise<void> {
    this.#members.push(member);
    await this.rebalance();
  }

  async leave(member: MemoryMember): Promise<void> {
    const at = this.#members.indexOf(member);
    if (at >= 0) this.#members.splice(at, 1);
    await member.leave(() => false);
    await this.rebalance();
  }

  /** Assigns anew; with `isShifted`, partitions move even if the members are the same. */
  async rebalance({ isShifted = false } = {}): Promise<void> {
    if (isShifted) this.#shift++;
    this.#rebalanced = this.#rebalanced.then(() => this.#rebalance());
    await this.#rebalanced;
  }

  commit(member: MemoryMember, positions: readonly GroupPosition[]): void {
    for (const position of positions) if (member.has(position)) this.#positions.set(nameOf(position), position);
  }

  /** Undefined if none was ever committed. */
  findCommitted(from: TopicPartition): GroupPosition | undefined {
    return this.#positions.get(nameOf(from));
  }

  planFetches(): void {
    for (const member of this.#members) member.planFetch();
  }

  async #rebalance(): Promise<void> {
    for (const member of this.#members) {
      const positions = member.askPositions();
      if (!this.#cluster.faults.isAway) this.commit(member, positions);
    }
    const members = [...this.#members];
    const isAt = (member: MemoryMember) => (from: TopicPartition) =>
      members[(from.partition + this.#shift) % members.length] === member;
    // One after another: some get their new partitions before others lose theirs, as it happens over a network.
    for (const member of members) {
      await member.leave(isAt(member));
      const entering = this.#listPartitions(member).filter((from) => isAt(member)(from) && !member.has(from));
      await member.enter(entering.map((from) => this.#findPosition(from)));
    }
  }

  #listPartitions(member: MemoryMember): readonly TopicPartition[] {
    const numbers = Array.from({ length: this.#cluster.log.partitionCount }, (_, partition) => partition);
    return member.topics.flatMap((topic) => numbers.map((partition) => ({ topic, partition })));
  }

  #findPosition(from: TopicPartition): GroupPosition {
    return this.findCommitted(from) ?? { ...from, offset: 0, metadata: "" };
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}:${partition}`;
}
