import { decodeRecords, type Decompress, type FetchedRecord } from "./decode-records.ts";
import { readInt64 } from "./int64.ts";

/** As far as kafkajs and we look at it. */
export interface FetchAnswer {
  readonly throttleTime: number;
  readonly clientSideThrottleTime: number;
  readonly errorCode: number;
  readonly responses: readonly { readonly topicName: string; readonly partitions: readonly PartitionAnswer[] }[];
}

interface PartitionAnswer {
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: string;
  readonly preferredReadReplica: number;
  readonly messages: readonly FetchedRecord[];
}

/** Of a partition, up to its aborted transactions: its number, its error, and three offsets. */
const PARTITION_HEAD_BYTES = 30;
const ABORTED_BYTES = 16;
const NO_RECORDS: readonly FetchedRecord[] = [];

/**
 * The answer to a Fetch request, version 11 (Kafka protocol guide, "Fetch API"). Values are parts of `bytes`. Aborted
 * transactions are passed over: groups read uncommitted, and nobody here writes any.
 * @throws {RangeError} when lengths don't fit
 */
export async function decodeFetch(bytes: Buffer, decompress: Decompress): Promise<FetchAnswer> {
  const responses: { topicName: string; partitions: PartitionAnswer[] }[] = [];
  const topicCount = bytes.readInt32BE(10);
  let at = 14;
  for (let topic = 0; topic < topicCount; topic++) {
    const nameEnd = at + 2 + bytes.readInt16BE(at);
    const topicName = bytes.toString("utf8", at + 2, nameEnd);
    const partitionCount = bytes.readInt32BE(nameEnd);
    at = nameEnd + 4;
    const partitions: PartitionAnswer[] = [];
    for (let index = 0; index < partitionCount; index++) {
      const abortedAt = at + PARTITION_HEAD_BYTES;
      const aborted = Math.max(0, bytes.readInt32BE(abortedAt));
      const replicaAt = abortedAt + 4 + aborted * ABORTED_BYTES;
      const recordsAt = replicaAt + 8;
      const end = recordsAt + Math.max(0, bytes.readInt32BE(replicaAt + 4));
      partitions.push({
        partition: bytes.readInt32BE(at),
        errorCode: bytes.readInt16BE(at + 4),
        highWatermark: String(readInt64(bytes, at + 6)),
        preferredReadReplica: bytes.readInt32BE(replicaAt),
        messages: end > recordsAt ? await decodeRecords(bytes.subarray(recordsAt, end), decompress) : NO_RECORDS,
      });
      at = end;
    }
    responses.push({ topicName, partitions });
  }
  return {
    // The broker has not throttled this request, it asks us to (KIP-219).
    throttleTime: 0,
    clientSideThrottleTime: bytes.readInt32BE(0),
    errorCode: bytes.readInt16BE(4),
    responses,
  };
}
