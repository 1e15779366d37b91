import type { FetchedRecord } from "./decode-records.ts";

/** A partition's part of a fetch's answer, as kafkajs hands it to its batch. */
interface PartitionData {
  readonly partition: number;
  readonly highWatermark: string;
  readonly messages: readonly FetchedRecord[];
}

/**
 * kafkajs's consumer/batch.js, with numbers: it makes two BigInts and three copies of the list for each record. Aborted
 * transactions are not looked for, since nobody here writes any and groups read uncommitted.
 */
export class FetchedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly fetchedOffset: string;
  readonly highWatermark: string;
  readonly rawMessages: readonly FetchedRecord[];
  /** A fetch brings whole batches: those in front of the offset that was asked for are dropped. */
  readonly messagesWithinOffset: readonly FetchedRecord[];
  readonly messages: readonly FetchedRecord[];

  constructor(topic: string, fetchedOffset: string, { partition, highWatermark, messages }: PartitionData) {
    this.topic = topic;
    this.partition = partition;
    this.fetchedOffset = fetchedOffset;
    this.highWatermark = highWatermark;
    this.rawMessages = messages;
    const from = Number(fetchedOffset);
    const first = messages.findIndex(({ offset }) => offset >= from);
    this.messagesWithinOffset = first === 0 ? messages : first < 0 ? [] : messages.slice(first);
    const isAnyControl = this.messagesWithinOffset.some(({ isControlRecord }) => isControlRecord);
    this.messages = isAnyControl
      ? this.messagesWithinOffset.filter(({ isControlRecord }) => !isControlRecord)
      : this.messagesWithinOffset;
  }

  isEmpty(): boolean {
    return this.messages.length === 0;
  }

  isEmptyIncludingFiltered(): boolean {
    return this.messagesWithinOffset.length === 0;
  }

  isEmptyDueToFiltering(): boolean {
    return this.isEmpty() && this.rawMessages.length > 0;
  }

  isEmptyControlRecord(): boolean {
    return this.isEmpty() && this.messagesWithinOffset.some(({ isControlRecord }) => isControlRecord);
  }

  isEmptyDueToLogCompactedMessages(): boolean {
    return this.rawMessages.length > 0 && this.isEmptyIncludingFiltered();
  }

  firstOffset(): string | null {
    const [first] = this.messagesWithinOffset;
    return first === undefined ? null : String(first.offset);
  }

  lastOffset(): string {
    if (this.isEmptyDueToLogCompactedMessages()) return this.fetchedOffset;
    return String(this.messagesWithinOffset.at(-1)?.offset ?? Number(this.highWatermark) - 1);
  }

  /** For kafkajs's events, to which nobody listens here. */
  offsetLag(): string {
    return "0";
  }

  offsetLagLow(): string {
    return "0";
  }
}
