import fc from "fast-check";
import { expect, test } from "vitest";
import { choosePartition, hashKey } from "./choose-partition.ts";
import { loadKafkajs } from "./load-kafkajs.ts";

test("a key goes to the partition that kafkajs's and Java's clients choose", () => {
  const choose = loadKafkajs().Partitioners.DefaultPartitioner();
  const key = fc.oneof(fc.string({ minLength: 1 }), fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }));
  fc.assert(
    fc.property(key, fc.integer({ min: 1, max: 500 }), (text, count) => {
      const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({
        ...{ partitionId, leader: 1, partitionErrorCode: 0, replicas: [1], isr: [1] },
      }));
      const theirs = choose({ topic: "t", partitionMetadata, message: { key: text, value: null } });
      expect(choosePartition(hashKey(Buffer.from(text)), count)).toBe(theirs);
    }),
  );
});
