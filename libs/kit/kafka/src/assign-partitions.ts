import type { TopicPartition } from "./kafka.ts";
import { NOTHING_OWNED, type Ownership } from "./ownership.ts";

/** A member of a group, with what it says it had before. */
export interface AssignableMember {
  readonly memberId: string;
  /** Undefined for one that says nothing: it is new, or another program's. */
  readonly ownership?: Ownership;
}

export interface TopicSize {
  readonly topic: string;
  readonly partitionCount: number;
}

export interface PartitionsToAssign {
  /** All of them read all of the topics. */
  readonly members: readonly AssignableMember[];
  readonly topics: readonly TopicSize[];
}

/**
 * Who of a group reads what: a pure function of its arguments, whatever their order, so that any member may decide.
 *
 * Invariants: every partition has exactly one member; partition p of all topics has the same one, so that what belongs
 * together is together; members differ by at most one in how many numbers they have; within that, as few numbers as
 * possible move. A number that several claim stays with the one that saw the latest generation: the others slept through
 * a rebalance in which they lost it.
 * @returns for each member its partitions, by topic and number
 */
export function assignPartitions({ members, topics }: PartitionsToAssign): ReadonlyMap<string, TopicPartition[]> {
  const memberIds = members.map(({ memberId }) => memberId).toSorted();
  if (memberIds.length === 0) return new Map();
  const numberCount = Math.max(0, ...topics.map(({ partitionCount }) => partitionCount));
  const kept = keepWithinShares(memberIds, findOwners(members, topics), numberCount);
  const numbers = handOutRest(kept, numberCount);
  return new Map([...numbers].map(([memberId, mine]) => [memberId, listPartitions(mine, topics)]));
}

/** By partition number, who has it: the member that claims it with the latest generation; of equals, the first by id. */
function findOwners(members: readonly AssignableMember[], topics: readonly TopicSize[]): ReadonlyMap<number, string> {
  const counts = new Map(topics.map(({ topic, partitionCount }) => [topic, partitionCount]));
  const owners = new Map<number, { readonly memberId: string; readonly generation: number }>();
  const byId = members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
  for (const { memberId, ownership: { generation, partitions } = NOTHING_OWNED } of byId) {
    for (const { topic, partition } of partitions) {
      if (partition >= (counts.get(topic) ?? 0)) continue;
      if (generation > (owners.get(partition)?.generation ?? -Infinity)) {
        owners.set(partition, { memberId, generation });
      }
    }
  }
  return new Map([...owners].map(([partition, { memberId }]) => [partition, memberId]));
}

type NumbersByMember = Map<string, number[]>;

/**
 * What each member keeps: the lowest numbers that it owns, up to its share. Where the numbers can't be shared evenly,
 * those that own the most get one more.
 */
function keepWithinShares(
  memberIds: readonly string[],
  owners: ReadonlyMap<number, string>,
  numberCount: number,
): NumbersByMember {
  const owned: NumbersByMember = new Map(memberIds.map((memberId) => [memberId, []]));
  for (const [number, memberId] of owners) owned.get(memberId)?.push(number);
  const share = Math.floor(numberCount / memberIds.length);
  const largerShares = numberCount % memberIds.length;
  // The sort is stable: of those that own the same number, the first by id.
  const largestFirst = [...owned].toSorted(([, a], [, b]) => b.length - a.length);
  return new Map(
    largestFirst.map(([memberId, numbers], index) => {
      const most = index < largerShares ? share + 1 : share;
      return [memberId, numbers.toSorted((a, b) => a - b).slice(0, most)];
    }),
  );
}

/** Numbers that nobody keeps go, in order, to whoever has the fewest: that makes the numbers differ by at most one. */
function handOutRest(kept: NumbersByMember, numberCount: number): NumbersByMember {
  const isKept = new Set([...kept.values()].flat());
  const byId = [...kept].toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (let number = 0; number < numberCount; number++) {
    if (isKept.has(number)) continue;
    const [, fewest] = byId.reduce((least, next) => (next[1].length < least[1].length ? next : least));
    fewest.push(number);
  }
  return kept;
}

function listPartitions(numbers: readonly number[], topics: readonly TopicSize[]): TopicPartition[] {
  const ascending = numbers.toSorted((a, b) => a - b);
  const byName = topics.toSorted((a, b) => (a.topic < b.topic ? -1 : 1));
  return byName.flatMap(({ topic, partitionCount }) =>
    ascending.filter((partition) => partition < partitionCount).map((partition) => ({ topic, partition })),
  );
}
