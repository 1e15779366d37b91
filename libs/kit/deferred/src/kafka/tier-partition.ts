import type { GroupPosition, TopicPartition } from "@postrider/kit-kafka";
import type { Cancel } from "@postrider/kit-lifecycle";
import { PartitionWindow } from "@postrider/kit-progress";
import type { Tier } from "./tiers.ts";

/**
 * What one partition may have unfinished. So few that their done-set always fits into a commit's metadata, of which
 * Kafka takes 4,096 bytes by default: one byte, four thirds of a character, for each.
 */
const maxUnfinished = 2_048;
const maxUnfinishedBytes = 64 * 1024 * 1024;
const maxMetadataChars = 3_072;

export interface TierPartitionOptions {
  readonly tier: Tier;
  readonly position: GroupPosition;
}

/**
 * One partition of a tier while it is here: how far it has come, and why it is not read on, if it isn't: tasks of it are
 * being moved, or its head is not mature.
 */
export class TierPartition {
  readonly tier: Tier;
  readonly from: TopicPartition;
  readonly window: PartitionWindow;
  /** False once it was revoked: what ends from then on counts for nothing. */
  isHere = true;
  isMoving = false;
  /** When its head was last looked at. */
  lookedAtMs = 0;
  #cancelWaking: Cancel | undefined;

  constructor({ tier, position }: TierPartitionOptions) {
    this.tier = tier;
    this.from = { topic: position.topic, partition: position.partition };
    this.window = new PartitionWindow({
      position,
      maxRecords: maxUnfinished,
      maxBytes: maxUnfinishedBytes,
      maxMetadataChars,
    });
  }

  /** Whether nothing of its own stands against it; there must be room as well. */
  get canBeReadOn(): boolean {
    return this.isHere && !this.isMoving && this.#cancelWaking === undefined;
  }

  /** Waits for the head to mature, until {@link wake}. */
  sleep(cancel: Cancel): void {
    this.wake();
    this.#cancelWaking = cancel;
  }

  wake(): void {
    this.#cancelWaking?.();
    this.#cancelWaking = undefined;
  }

  leave(): void {
    this.isHere = false;
    this.wake();
  }
}
