/**
 * The list from a random place on, around to there. kafkajs shuffles the partitions of each fetch, so that each is first
 * at times (a fetch's answer is full at some size, KIP-74), and then names a topic once for each run of its partitions:
 * in order that is once, shuffled it is once for nearly each partition. It also begins with a random broker so.
 */
export function fromRandomPlace<Item>(items: readonly Item[]): readonly Item[] {
  const start = Math.floor(Math.random() * items.length);
  return [...items.slice(start), ...items.slice(0, start)];
}
