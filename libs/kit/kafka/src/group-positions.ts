import type { ConsumerGroup } from "./kafkajs-internals.ts";
import type { Holding } from "./holdings.ts";
import type { GroupPosition } from "./kafka.ts";

/**
 * One try to commit, with the member's generation as it is now. Sent before this function first waits, so nothing that
 * is sent later overtakes it.
 */
export async function commitOnce(group: ConsumerGroup, positions: readonly GroupPosition[]): Promise<void> {
  const { coordinator, groupId, memberId, generationId } = group;
  if (coordinator === null || memberId === null || generationId === null) throw new Error("not in the group");
  const byTopic = Map.groupBy(positions, ({ topic }) => topic);
  await coordinator.offsetCommit({
    groupId,
    memberId,
    groupGenerationId: generationId,
    topics: [...byTopic].map(([topic, ofTopic]) => ({
      topic,
      partitions: ofTopic.map(({ partition, offset, metadata }) => ({ partition, offset: String(offset), metadata })),
    })),
  });
}

/** Where the group stands in these partitions; `offset` undefined where nothing is committed. */
export async function loadCommitted(
  group: ConsumerGroup,
  holdings: readonly Holding[],
): Promise<Map<Holding, { readonly offset: number | undefined; readonly metadata: string }>> {
  const { coordinator, groupId } = group;
  if (coordinator === null) throw new Error("not in the group");
  const byTopic = Map.groupBy(holdings, ({ topic }) => topic);
  const { responses } = await coordinator.offsetFetch({
    groupId,
    topics: [...byTopic].map(([topic, ofTopic]) => ({
      topic,
      partitions: ofTopic.map(({ partition }) => ({ partition })),
    })),
  });
  const found = responses.flatMap(({ topic, partitions }) => partitions.map((of) => ({ topic, ...of })));
  return new Map(
    holdings.map((holding) => {
      const of = found.find(({ topic, partition }) => topic === holding.topic && partition === holding.partition);
      const offset = Number(of?.offset ?? -1);
      return [holding, { offset: offset < 0 ? undefined : offset, metadata: of?.metadata ?? "" }];
    }),
  );
}
