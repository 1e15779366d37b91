import { allocateBody, type Encoded, writeString } from "./encoded.ts";
import { writeInt64 } from "./int64.ts";

/** As kafkajs gives it. */
export interface FetchOptions {
  readonly replicaId: number;
  readonly maxWaitTime: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly isolationLevel: number;
  readonly rackId?: string;
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly fetchOffset: string;
      readonly maxBytes: number;
    }[];
  }[];
}

/** All but topics: numbers at the beginning, counts, and the rack. */
const FIXED_BYTES = 35;
const TOPIC_BYTES = 6;
const PARTITION_BYTES = 28;
/** "No", wherever something is not used: a fetch session, the leader's epoch, the start of a follower's log. */
const NONE = -1;

/**
 * The body of a Fetch request, version 11 (Kafka protocol guide, "Fetch API"). kafkajs makes an encoder with a buffer of
 * its own for each partition, and each fetch names all partitions that are read.
 */
export function encodeFetch(options: FetchOptions): Encoded {
  const { topics, rackId = "" } = options;
  const encoded = allocateBody(measure(topics) + Buffer.byteLength(rackId));
  const body = encoded.buffer;
  let at = body.writeInt32BE(options.replicaId, 0);
  at = body.writeInt32BE(options.maxWaitTime, at);
  at = body.writeInt32BE(options.minBytes, at);
  at = body.writeInt32BE(options.maxBytes, at);
  at = body.writeInt8(options.isolationLevel, at);
  at = body.writeInt32BE(0, at);
  at = body.writeInt32BE(NONE, at);
  at = body.writeInt32BE(topics.length, at);
  for (const { topic, partitions } of topics) {
    at = writeString(body, topic, at);
    at = body.writeInt32BE(partitions.length, at);
    for (const { partition, fetchOffset, maxBytes } of partitions) {
      at = body.writeInt32BE(partition, at);
      at = body.writeInt32BE(NONE, at);
      at = writeInt64(body, Number(fetchOffset), at);
      at = writeInt64(body, NONE, at);
      at = body.writeInt32BE(maxBytes, at);
    }
  }
  // Nothing is to be forgotten, where there is no session.
  at = body.writeInt32BE(0, at);
  writeString(body, rackId, at);
  return encoded;
}

function measure(topics: FetchOptions["topics"]): number {
  let bytes = FIXED_BYTES;
  for (const { topic, partitions } of topics) {
    bytes += TOPIC_BYTES + Buffer.byteLength(topic) + PARTITION_BYTES * partitions.length;
  }
  return bytes;
}
