import { type Cancel, pause } from "@postrider/kit-lifecycle";
import type { EachBatchPayload } from "kafkajs";
import { loadCommitted } from "./group-positions.ts";
import { createClosedError, GroupSession, type SessionOptions } from "./group-session.ts";
import { watchProgress } from "./group-watchdog.ts";
import { Holdings, type Change, type Holding } from "./holdings.ts";
import { createKafkaError, isFinal } from "./kafka-failure.ts";
import {
  KafkaError,
  type GroupConsumer,
  type GroupEvents,
  type GroupPosition,
  type KafkaRecord,
  type TopicPartition,
} from "./kafka.ts";
import type { ConsumerGroup } from "./kafkajs-internals.ts";
import { findCoordinatorAgain, mayHaveMoved } from "./mends/dead-coordinator.ts";
import { describeChange, describeLostRecords } from "./group-notices.ts";
import { MemberCommits } from "./member-commits.ts";
import type { Names } from "./names.ts";
import { NOTHING_OWNED, type Ownership } from "./ownership.ts";
import { readMessages } from "./read-batch.ts";
import type { FetchedBatch } from "./wire/fetched-batch.ts";

const RETRY_MS = 100;

export interface MemberOptions extends Omit<SessionOptions, "client"> {
  readonly names: Names;
  readonly createClient: (
    onOutOfRange: (place: { readonly topic: string; readonly partition: number }) => void,
  ) => SessionOptions["client"];
}

/**
 * - `idle`: not in the group.
 * - `reading`: in the group, or on the way.
 * - `draining`: its run has ended; still in the group with all partitions paused, so that what ends late can be
 *   committed. Leaves when partitions would move, because then somebody else can read them.
 * - `closed`: it failed, or its connection was closed.
 */
type State = "idle" | "reading" | "draining" | "closed";

/** A member of a group: what it has, what of it was given, and what may be committed. */
export class GroupMember implements GroupConsumer {
  readonly #options: MemberOptions;
  #state: State = "idle";
  #events: GroupEvents | undefined;
  #session: GroupSession | undefined;
  /** kafkajs's own member; a new one after each crash. */
  #group: ConsumerGroup | undefined;
  #holdings = new Holdings();
  #memberId: string | null = null;
  #ownership: Ownership = NOTHING_OWNED;
  /** From a crash or the beginning of a join to the join's end nothing is committed: whose a partition is, is open. */
  #isJoining = false;
  /** The owner's `assigned` and `revoked`, one after another. */
  #told: Promise<void> = Promise.resolve();
  readonly #commits: MemberCommits;
  #end = Promise.withResolvers<undefined>();

  constructor(options: MemberOptions) {
    this.#options = options;
    this.#commits = new MemberCommits({
      ...options,
      findGroup: () => this.#group,
      isJoining: () => this.#isJoining,
      findOwned: (topic, partition) => {
        const holding = this.#holdings.find(topic, partition);
        return holding?.isAnnounced ? holding : undefined;
      },
    });
  }

  readonly run = async (events: GroupEvents, signal: AbortSignal): Promise<void> => {
    const { group } = this.#options;
    if (this.#state === "closed") throw createClosedError(group);
    if (this.#state === "reading") throw new KafkaError("refused", `group ${group}: this member reads already`);
    await this.#leave();
    if (signal.aborted) return;
    this.#state = "reading";
    this.#events = events;
    this.#end = Promise.withResolvers();
    signal.addEventListener("abort", this.#drain, { once: true });
    const stopWatching = this.#watch();
    const session = this.#createSession();
    this.#session = session;
    session.run().then(
      () => {
        if (this.#session === session) this.#fail(createClosedError(group));
      },
      (error: unknown) => {
        this.#fail(error);
      },
    );
    try {
      await this.#end.promise;
      await this.#told;
    } finally {
      stopWatching();
      signal.removeEventListener("abort", this.#drain);
    }
  };

  readonly pause = (place: TopicPartition): void => {
    const holding = this.#find(place);
    if (holding === undefined || holding.isPaused) return;
    holding.isPaused = true;
    this.#applyPause(holding);
  };

  readonly resume = (place: TopicPartition): void => {
    const holding = this.#find(place);
    if (holding?.isPaused !== true) return;
    holding.isPaused = false;
    this.#applyPause(holding);
  };

  readonly commit = async (positions: readonly GroupPosition[]): Promise<void> => {
    if (this.#state === "closed") throw createClosedError(this.#options.group);
    await this.#commits.commit(positions);
  };

  /** Leaves the group. Commits that are out are waited for. */
  async close(): Promise<void> {
    await this.#commits.settle();
    const wasReading = this.#state === "reading";
    this.#state = "closed";
    if (wasReading) this.#end.reject(createClosedError(this.#options.group));
    await this.#leave();
  }

  #createSession(): GroupSession {
    const { createClient, group, topics, maxBytesPerPartition, clock, onNotice } = this.#options;
    const client = createClient(this.#noteOutOfRange);
    return new GroupSession(
      { group, topics, maxBytesPerPartition, clock, onNotice, client },
      {
        ownership: () => this.#ownership,
        joining: async (group) => this.#prepareJoin(group),
        joined: (group) => this.#takeAssignment(group),
        crashed: () => {
          this.#isJoining = true;
        },
        takeBatch: this.#takeBatch,
      },
    );
  }

  readonly #drain = (): void => {
    if (this.#state !== "reading") return;
    this.#state = "draining";
    for (const holding of this.#holdings.all()) this.#applyPause(holding);
    // Nothing was given, so nothing will be committed.
    if (this.#group === undefined) void this.#leave();
    this.#end.resolve(undefined);
  };

  /** Ends the run with this error, and the membership. */
  #fail(error: unknown): void {
    if (this.#state !== "reading") return;
    this.#state = "idle";
    void this.#leave().then(() => {
      this.#end.reject(error);
    });
  }

  async #leave(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    this.#group = undefined;
    this.#holdings = new Holdings();
    this.#memberId = null;
    this.#ownership = NOTHING_OWNED;
    await session?.leave();
  }

  async #prepareJoin(group: ConsumerGroup): Promise<boolean> {
    this.#isJoining = true;
    if (group.memberId !== null && (this.#state === "reading" || this.#state === "draining")) {
      await this.#commits.commitBeforeJoin(group, this.#findUncommitted());
    }
    if (this.#state === "reading") return true;
    // The session ends with this answer.
    this.#session?.expectEnd();
    if (this.#state === "draining") void this.#leave();
    return false;
  }

  #takeAssignment(group: ConsumerGroup): boolean {
    if (this.#state !== "reading") {
      this.#session?.expectEnd();
      return false;
    }
    const isContinuous = this.#memberId !== null && this.#memberId === group.memberId;
    const isFirst = this.#group === undefined;
    this.#group = group;
    this.#memberId = group.memberId;
    const assigned = group.assigned();
    this.#ownership = {
      generation: group.generationId ?? NOTHING_OWNED.generation,
      partitions: assigned.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition }))),
    };
    const change = this.#holdings.reassign(assigned, { isContinuous });
    // A join sets kafkajs back to the committed positions.
    for (const holding of change.kept) this.#seek(holding);
    for (const holding of this.#holdings.all()) this.#applyPause(holding);
    this.#isJoining = false;
    if (!isFirst) this.#options.onNotice(describeChange(this.#options.group, change));
    this.#told = this.#told
      .then(async () => this.#tell(change))
      .catch((error: unknown) => {
        this.#fail(error);
      });
    return true;
  }

  async #tell({ gained, lost }: Change): Promise<void> {
    if (lost.length > 0) await this.#events?.revoked(lost.map((holding) => this.#placeOf(holding)));
    const committed = await this.#loadCommitted(gained);
    const held = [...committed].filter(([holding]) => this.#holdings.has(holding));
    if (held.length === 0 || this.#state !== "reading") return;
    for (const [holding, { offset }] of held) {
      holding.isAnnounced = true;
      holding.nextOffset = offset;
    }
    await this.#events?.assigned(
      held.map(([holding, { offset = 0, metadata }]) => ({ ...this.#placeOf(holding), offset, metadata })),
    );
    for (const [holding] of held) {
      if (!this.#holdings.has(holding)) continue;
      this.#seek(holding);
      holding.isReady = true;
      this.#applyPause(holding);
    }
  }

  /** Tries until it works, or nothing of it is here any more. */
  async #loadCommitted(gained: readonly Holding[]): ReturnType<typeof loadCommitted> {
    for (;;) {
      const held = gained.filter((holding) => this.#holdings.has(holding));
      const group = this.#group;
      if (held.length === 0 || group === undefined || this.#state !== "reading") return new Map();
      try {
        return await loadCommitted(group, held);
      } catch (error) {
        if (isFinal(error)) throw createKafkaError(`group ${this.#options.group}`, error);
        if (mayHaveMoved(error)) await findCoordinatorAgain(group);
        await pause(this.#options.clock, RETRY_MS);
      }
    }
  }

  readonly #takeBatch = (payload: EachBatchPayload): void => {
    const { batch } = payload;
    const resolveOffset = (offset: number): void => {
      payload.resolveOffset(String(offset));
    };
    const holding = this.#holdings.find(batch.topic, batch.partition);
    // What is not resolved is fetched again when its time has come.
    if (this.#state !== "reading" || !holding?.isReady || holding.isPaused) return;
    const { messages } = batch as unknown as FetchedBatch;
    const fromOffset = holding.nextOffset ?? 0;
    const records = readMessages(messages, { partition: holding.partition, fromOffset });
    const taken = this.#give(holding, records);
    if (taken === undefined) return;
    if (taken >= records.length) {
      const last = messages.at(-1)?.offset;
      if (last === undefined) return;
      holding.nextOffset = Math.max(fromOffset, last + 1);
      resolveOffset(last);
      return;
    }
    this.#keepRest(holding, records[taken - 1], resolveOffset);
  };

  /** How many the owner took; undefined when it failed, which ends the run. */
  #give(holding: Holding, records: readonly KafkaRecord[]): number | undefined {
    if (records.length === 0) return 0;
    try {
      return this.#events?.records(this.#placeOf(holding), records) ?? 0;
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #findUncommitted(): readonly GroupPosition[] {
    try {
      return this.#events?.rebalancing() ?? [];
    } catch (error) {
      this.#fail(error);
      return [];
    }
  }

  /** The owner has no room: the rest is fetched again once it has. */
  #keepRest(holding: Holding, last: KafkaRecord | undefined, resolveOffset: (offset: number) => void): void {
    if (last !== undefined) {
      holding.nextOffset = last.offset + 1;
      resolveOffset(last.offset);
    }
    holding.isPaused = true;
    this.#applyPause(holding);
  }

  #applyPause(holding: Holding): void {
    const { topic, partition, isReady, isPaused } = holding;
    const place = [{ topic, partitions: [partition] }];
    if (isReady && !isPaused && this.#state === "reading") this.#group?.resume(place);
    else this.#group?.pause(place);
  }

  #seek({ topic, partition, nextOffset }: Holding): void {
    if (nextOffset !== undefined) this.#group?.seek({ topic, partition, offset: String(nextOffset) });
  }

  readonly #noteOutOfRange = ({ topic, partition }: TopicPartition): void => {
    const holding = this.#holdings.find(topic, partition);
    const offset = holding?.nextOffset ?? 0;
    // Also after the topic was made anew: its offsets are low again, and none of them has been given.
    if (holding) holding.nextOffset = undefined;
    const { group, onNotice } = this.#options;
    onNotice(describeLostRecords({ group, topic, partition, offset }));
  };

  #watch(): Cancel {
    return watchProgress({
      clock: this.#options.clock,
      findGroup: () => this.#group,
      findReading: () => this.#holdings.all().filter(({ isReady, isPaused }) => isReady && !isPaused),
      onStuck: ({ topic, partition }, offset) => {
        const words = `topic ${topic} partition ${partition} stands still at offset ${offset}`;
        this.#fail(new KafkaError("unavailable", `group ${this.#options.group}: ${words} though there is more`));
      },
    });
  }

  #find({ topic, partition }: TopicPartition): Holding | undefined {
    return this.#holdings.find(this.#options.names.toCluster(topic), partition);
  }

  #placeOf({ topic, partition }: Holding): TopicPartition {
    return { topic: this.#options.names.fromCluster(topic), partition };
  }
}
