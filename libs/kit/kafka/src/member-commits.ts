import { type Cancel, type Clock, pause } from "@postrider/kit-lifecycle";
import { commitOnce } from "./group-positions.ts";
import type { Holding } from "./holdings.ts";
import { createKafkaError, describeFailure, isFinal, isLostGeneration } from "./kafka-failure.ts";
import type { NoticeSink } from "./kafka-notice.ts";
import type { GroupPosition } from "./kafka.ts";
import type { ConsumerGroup } from "./kafkajs-internals.ts";
import { findCoordinatorAgain, mayHaveMoved } from "./mends/dead-coordinator.ts";
import type { Names } from "./names.ts";

/** How long a commit is tried. The next one commits more. */
const MAX_COMMIT_MS = 5_000;
/** How long a join waits for the commit before it: the others wait for this member. */
const MAX_LAST_COMMIT_MS = 1_000;
const RETRY_MS = 100;

export interface MemberCommitsOptions {
  /** The group's name, for messages. */
  readonly group: string;
  readonly names: Names;
  readonly clock: Clock;
  readonly onNotice: NoticeSink;
  /** Undefined while not a member. */
  readonly findGroup: () => ConsumerGroup | undefined;
  /** While partitions are shared out anew, also after a crash, nothing is committed. */
  readonly isJoining: () => boolean;
  /** What the owner has of this partition, by its topic's name in the cluster: another holding if it went and came back. */
  readonly findOwned: (topic: string, partition: number) => Holding | undefined;
}

/** The commits of a member, one after another: an older position must not overtake. */
export class MemberCommits {
  readonly #options: MemberCommitsOptions;
  #last: Promise<void> = Promise.resolve();

  constructor(options: MemberCommitsOptions) {
    this.#options = options;
  }

  /** Durable when it resolves. @throws {KafkaError} */
  async commit(positions: readonly GroupPosition[]): Promise<void> {
    const own = this.#findOwn(positions);
    const done = this.#last.then(async () => this.#commit(own));
    this.#last = done.catch(() => undefined);
    await done;
  }

  /** Resolves when those that are out have ended. */
  async settle(): Promise<void> {
    await this.#last;
  }

  /** One short try before partitions may move. Never throws: what was not committed comes again. */
  async commitBeforeJoin(group: ConsumerGroup, positions: readonly GroupPosition[]): Promise<void> {
    const { clock, onNotice, group: name } = this.#options;
    const own = this.#findOwn(positions).map(({ position }) => position);
    if (own.length === 0) return;
    let cancel: Cancel = () => undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(MAX_LAST_COMMIT_MS, () => {
        reject(new Error(`no answer within ${MAX_LAST_COMMIT_MS} ms`));
      });
    });
    try {
      await Promise.race([commitOnce(group, own), late]);
    } catch (error) {
      onNotice({
        kind: "commit_failed",
        message: `group ${name}: the commit before partitions move failed, some records come again: ${describeFailure(error)}`,
        facts: { group: name },
      });
    } finally {
      cancel();
    }
  }

  async #commit(positions: readonly OwnPosition[]): Promise<void> {
    const { group: name, clock, findGroup, isJoining, findOwned } = this.#options;
    const sinceMs = clock.nowMs();
    for (;;) {
      const group = findGroup();
      // A partition that went and came back may have got further meanwhile, with somebody else.
      const own = positions
        .filter(({ position, holding }) => findOwned(position.topic, position.partition) === holding)
        .map(({ position }) => position);
      if (own.length === 0 || group === undefined) return;
      try {
        if (isJoining()) throw new Error("partitions are being shared out anew");
        await commitOnce(group, own);
        return;
      } catch (error) {
        const isLate = clock.nowMs() - sinceMs > MAX_COMMIT_MS;
        if (isLate || isLostGeneration(error) || isFinal(error)) throw createKafkaError(`group ${name}: commit`, error);
        if (mayHaveMoved(error)) await findCoordinatorAgain(group);
        await pause(clock, RETRY_MS);
      }
    }
  }

  /** Those of partitions that are here, as the cluster calls them. A member may commit for others, too: Kafka does not look. */
  #findOwn(positions: readonly GroupPosition[]): OwnPosition[] {
    const { names, findOwned } = this.#options;
    return positions.flatMap((position) => {
      const topic = names.toCluster(position.topic);
      const holding = findOwned(topic, position.partition);
      return holding ? [{ position: { ...position, topic }, holding }] : [];
    });
  }
}

/** A position of a partition while this member has it. */
interface OwnPosition {
  readonly position: GroupPosition;
  readonly holding: Holding;
}
