import type { GroupConsumer, GroupPosition } from "@postrider/kit-kafka";
import type { Cancel, Clock } from "@postrider/kit-lifecycle";
import type { DeferredNotice } from "./deferred-notice.ts";
import type { TierPartition } from "./tier-partition.ts";

/** How long progress gathers for one commit: what a crash repeats. */
const commitMs = 200;

export interface ProgressCommitsOptions {
  readonly consumer: Pick<GroupConsumer, "commit">;
  readonly clock: Clock;
  readonly onNotice: (notice: DeferredNotice) => void;
  /** Those that are here. */
  readonly partitions: ReadonlyMap<string, TierPartition>;
}

/** Commits how far the partitions have come: one commit at a time, and none while nothing changes. */
export class ProgressCommits {
  readonly #options: ProgressCommitsOptions;
  #cancelNext: Cancel | undefined;
  #underWay: Promise<void> | undefined;

  constructor(options: ProgressCommitsOptions) {
    this.#options = options;
  }

  /** Something has changed. */
  commitSoon(): void {
    if (this.#cancelNext !== undefined || this.#underWay !== undefined) return;
    this.#cancelNext = this.#options.clock.after(commitMs, () => {
      this.#cancelNext = undefined;
      this.#underWay = this.#commit().then(() => {
        this.#underWay = undefined;
        if (this.#findUncommitted().length > 0) this.commitSoon();
      });
    });
  }

  /** A last one, with all that there is. */
  async commitAtEnd(): Promise<void> {
    await this.#underWay;
    this.#cancelNext?.();
    await this.#commit();
  }

  /** What is to be committed before partitions may move. */
  listUncommitted(): readonly GroupPosition[] {
    return this.#findUncommitted().map(({ partition, position }) => ({ ...partition.from, ...position }));
  }

  async #commit(): Promise<void> {
    const uncommitted = this.#findUncommitted();
    if (uncommitted.length === 0) return;
    try {
      await this.#options.consumer.commit(
        uncommitted.map(({ partition, position }) => ({ ...partition.from, ...position })),
      );
      for (const { partition, position } of uncommitted) partition.window.markCommitted(position);
    } catch (error) {
      this.#options.onNotice({ kind: "commit_failed", error });
    }
  }

  #findUncommitted() {
    return [...this.#options.partitions.values()].flatMap((partition) =>
      partition.window.isDirty ? [{ partition, position: partition.window.position() }] : [],
    );
  }
}
