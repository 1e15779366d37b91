import type { GroupPosition, TopicPartition } from "@postrider/kit-kafka";
import type { Cancel } from "@postrider/kit-lifecycle";
import { PartitionWindow } from "@postrider/kit-progress";
import type { Tier } from "./tiers.ts";

/**
 * What one partition may have unfinished: what an endpoint that takes 50 a second gets in two minutes, and some more. If so
 * many finish in any order, their done-set stops them before: it must fit into a commit's metadata, of which Kafka takes
 * 4,096 bytes by default, and that is enough for some 1,700 gaps.
 */
const maxUnfinished = 16_384;
const maxUnfinishedBytes = 64 * 1024 * 1024;
const maxMetadataChars = 3_072;
const earlyShare = 0.5;
/** One that was full is read on well below that, or it would stop and go with every task. */
const slackShare = 0.75;

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
  /** Tasks that are held long before they are due. */
  earlyCount = 0;
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

  /** Whether one more may be held that is due much later: the other half of the window is for what is due. */
  get hasRoomForEarly(): boolean {
    return this.window.isBelow(earlyShare);
  }

  /** Whether a full window makes room soon: most of what it holds is due, so what is due as well may wait for it. */
  get isSoonFree(): boolean {
    return this.earlyCount <= this.window.unfinishedCount * earlyShare;
  }

  /** Whether to read on when it waited for room: there is some, or there will be none soon. */
  get canUseRoom(): boolean {
    return this.window.isBelow(slackShare) || !this.isSoonFree;
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
