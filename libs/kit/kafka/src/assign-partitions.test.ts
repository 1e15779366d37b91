import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AssignableMember, assignPartitions, type TopicSize } from "./assign-partitions.ts";
import type { TopicPartition } from "./kafka.ts";

type Assignment = ReadonlyMap<string, readonly TopicPartition[]>;

const TWELVE: readonly TopicSize[] = ["events", "due.30s"].map((topic) => ({ topic, partitionCount: 12 }));

function newMembers(...memberIds: string[]): AssignableMember[] {
  return memberIds.map((memberId) => ({ memberId }));
}

/** The members as they come to the next rebalance. */
function withOwnership(assignment: Assignment, generation: number): AssignableMember[] {
  return [...assignment].map(([memberId, partitions]) => ({ memberId, ownership: { generation, partitions } }));
}

function numbersOf(partitions: readonly TopicPartition[] = []): number[] {
  return [...new Set(partitions.map(({ partition }) => partition))].toSorted((a, b) => a - b);
}

/** By member, the numbers that it has. */
function view(assignment: Assignment): Record<string, number[]> {
  return Object.fromEntries([...assignment].map(([memberId, partitions]) => [memberId, numbersOf(partitions)]));
}

/** How many numbers are with another member than before; those that had none don't count. */
function countMoved(before: Assignment, after: Assignment): number {
  const wasWith = new Map([...before].flatMap(([id, mine]) => numbersOf(mine).map((number) => [number, id])));
  return [...after].flatMap(([id, mine]) => numbersOf(mine).filter((number) => (wasWith.get(number) ?? id) !== id))
    .length;
}

const memberIds = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 9 });
const topicSizes = fc.uniqueArray(
  fc.record({ topic: fc.string({ minLength: 1, maxLength: 6 }), partitionCount: fc.integer({ min: 1, max: 40 }) }),
  { minLength: 1, maxLength: 5, selector: ({ topic }) => topic },
);
/** Members that claim anything, also what others claim and what is not there. */
const groups = fc.record({ ids: memberIds, topics: topicSizes }).chain(({ ids, topics }) => {
  const claims = fc.record({
    topic: fc.constantFrom(...topics.map(({ topic }) => topic), "gone"),
    partition: fc.nat(45),
  });
  const ownership = fc.record({ generation: fc.integer({ min: -1, max: 5 }), partitions: fc.array(claims) });
  const member = fc.option(ownership, { nil: undefined });
  return fc.array(member, { minLength: ids.length, maxLength: ids.length }).map((owned) => ({
    topics,
    members: ids.map((memberId, index): AssignableMember => {
      const mine = owned[index];
      return mine ? { memberId, ownership: mine } : { memberId };
    }),
  }));
});

describe("whatever the members claim", () => {
  test("every partition has exactly one member, the same for its number in all topics", () => {
    fc.assert(
      fc.property(groups, ({ members, topics }) => {
        const owners = new Map<string, string>();
        const ownersOfNumbers = new Map<number, Set<string>>();
        for (const [memberId, partitions] of assignPartitions({ members, topics })) {
          for (const { topic, partition } of partitions) {
            const name = JSON.stringify([topic, partition]);
            expect(owners.get(name)).toBeUndefined();
            owners.set(name, memberId);
            const ofNumber = ownersOfNumbers.get(partition) ?? new Set();
            ownersOfNumbers.set(partition, ofNumber.add(memberId));
          }
        }
        const all = topics.flatMap(({ topic, partitionCount }) =>
          Array.from({ length: partitionCount }, (_, partition) => JSON.stringify([topic, partition])),
        );
        expect([...owners.keys()].toSorted()).toEqual(all.toSorted());
        expect([...ownersOfNumbers.values()].every(({ size }) => size === 1)).toBe(true);
      }),
    );
  });

  test("all members get a share, and shares differ by at most one number", () => {
    fc.assert(
      fc.property(groups, ({ members, topics }) => {
        const assignment = assignPartitions({ members, topics });
        const sizes = members.map(({ memberId }) => numbersOf(assignment.get(memberId)).length);
        expect(assignment.size).toBe(members.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("the order of members, claims and topics does not matter", () => {
    fc.assert(
      fc.property(groups, ({ members, topics }) => {
        const turned = members.toReversed().map(({ memberId, ownership }): AssignableMember => {
          if (!ownership) return { memberId };
          return { memberId, ownership: { ...ownership, partitions: ownership.partitions.toReversed() } };
        });
        const once = assignPartitions({ members, topics });
        const again = assignPartitions({ members: turned, topics: topics.toReversed() });
        expect(Object.fromEntries(again)).toEqual(Object.fromEntries(once));
      }),
    );
  });

  test("the next rebalance with the same members moves nothing", () => {
    fc.assert(
      fc.property(groups, ({ members, topics }) => {
        const first = assignPartitions({ members, topics });
        const second = assignPartitions({ members: withOwnership(first, 6), topics });
        expect(view(second)).toEqual(view(first));
      }),
    );
  });
});

describe("when members come and go", () => {
  test("one, then three, then two: each time only what has to move does", () => {
    const one = assignPartitions({ members: newMembers("a"), topics: TWELVE });
    const three = assignPartitions({ members: [...withOwnership(one, 1), ...newMembers("b", "c")], topics: TWELVE });
    expect(view(three)).toEqual({ a: [0, 1, 2, 3], b: [4, 6, 8, 10], c: [5, 7, 9, 11] });
    const left = withOwnership(three, 2).filter(({ memberId }) => memberId !== "a");
    const two = assignPartitions({ members: left, topics: TWELVE });
    expect(view(two)).toEqual({ b: [0, 2, 4, 6, 8, 10], c: [1, 3, 5, 7, 9, 11] });
  });

  test("a member that is new takes its share, and nothing moves between the others", () => {
    fc.assert(
      fc.property(memberIds, topicSizes, (ids, topics) => {
        const [newcomer = "", ...others] = ids;
        fc.pre(others.length > 0);
        const before = assignPartitions({ members: newMembers(...others), topics });
        const members = [...withOwnership(before, 1), ...newMembers(newcomer)];
        const after = assignPartitions({ members, topics });
        expect(countMoved(before, after)).toBe(numbersOf(after.get(newcomer)).length);
        expect(numbersOf(after.get(newcomer)).length).toBe(Math.floor(countNumbers(topics) / ids.length));
      }),
    );
  });

  test("when members leave, only what they had moves", () => {
    fc.assert(
      fc.property(memberIds, topicSizes, fc.nat(8), (ids, topics, leaving) => {
        const before = assignPartitions({ members: newMembers(...ids), topics });
        const gone = new Set(ids.toSorted().slice(0, Math.min(leaving, ids.length - 1)));
        const left = withOwnership(before, 1).filter(({ memberId }) => !gone.has(memberId));
        const after = assignPartitions({ members: left, topics });
        const orphaned = [...gone].flatMap((memberId) => numbersOf(before.get(memberId)));
        expect(countMoved(before, after)).toBe(orphaned.length);
      }),
    );
  });

  test("more members than partitions: those beyond have nothing, and are there for later", () => {
    const topics = [{ topic: "events", partitionCount: 2 }];
    expect(view(assignPartitions({ members: newMembers("a", "b", "c"), topics }))).toEqual({ a: [0], b: [1], c: [] });
  });

  test("nobody is there: nothing is assigned", () => {
    expect(assignPartitions({ members: [], topics: TWELVE })).toEqual(new Map());
  });
});

describe("two members that claim the same partition", () => {
  const claim = (memberId: string, generation: number, ...numbers: number[]): AssignableMember => ({
    memberId,
    ownership: { generation, partitions: numbers.map((partition) => ({ topic: "events", partition })) },
  });
  const topics = [{ topic: "events", partitionCount: 4 }];

  test("the one of the newer generation keeps it", () => {
    const stale = claim("a", 3, 0, 1);
    expect(view(assignPartitions({ members: [stale, claim("b", 4, 0, 1)], topics }))).toEqual({ a: [2, 3], b: [0, 1] });
    expect(view(assignPartitions({ members: [claim("b", 2, 0, 1), stale], topics }))).toEqual({ a: [0, 1], b: [2, 3] });
  });

  test("of one generation: the first by its id, whoever is named first", () => {
    const both = [claim("b", 3, 0, 1), claim("a", 3, 0, 1)];
    expect(view(assignPartitions({ members: both, topics }))).toEqual({ a: [0, 1], b: [2, 3] });
  });

  test("a claim to what is not there is none", () => {
    const odd: AssignableMember = {
      memberId: "b",
      ownership: {
        generation: 9,
        partitions: [
          { topic: "gone", partition: 0 },
          { topic: "events", partition: 7 },
        ],
      },
    };
    expect(view(assignPartitions({ members: [odd, claim("a", 1, 2, 3)], topics }))).toEqual({ a: [2, 3], b: [0, 1] });
  });
});

test("topics of different sizes share the members of their numbers", () => {
  const topics = [
    { topic: "events", partitionCount: 4 },
    { topic: "due.0s", partitionCount: 2 },
  ];
  expect(Object.fromEntries(assignPartitions({ members: newMembers("a", "b"), topics }))).toEqual({
    a: [
      { topic: "due.0s", partition: 0 },
      { topic: "events", partition: 0 },
      { topic: "events", partition: 2 },
    ],
    b: [
      { topic: "due.0s", partition: 1 },
      { topic: "events", partition: 1 },
      { topic: "events", partition: 3 },
    ],
  });
});

function countNumbers(topics: readonly TopicSize[]): number {
  return Math.max(...topics.map(({ partitionCount }) => partitionCount));
}
