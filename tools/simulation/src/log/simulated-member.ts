import {
  type GroupConsumer,
  type GroupEvents,
  type GroupPosition,
  KafkaError,
  type KafkaRecord,
  type TopicPartition,
} from "@postrider/kit-kafka";
import { untilAborted } from "@postrider/kit-lifecycle";
import type { Machine } from "../time/machine.ts";
import type { ClusterState } from "./cluster-state.ts";
import { findUnfinished } from "./find-unfinished.ts";
import { nameOf } from "./place.ts";
import type { SimulatedGroup } from "./simulated-group.ts";

/** A member notices with a heartbeat that partitions are shared out anew. */
const HEARTBEAT_MS = 1_000;
/** As the real member: how long a commit is tried, and how long a join waits for the last one. */
const MAX_COMMIT_MS = 5_000;
const MAX_LAST_COMMIT_MS = 1_000;
const RETRY_MS = 100;
/** Of one partition in one fetch. */
const FETCH_RECORDS = 500;

/** A partition at a member. */
interface Holding {
  readonly place: TopicPartition;
  /** Whether the owner has been told, or is being told, that it has it. */
  isAnnounced: boolean;
  /** Whether the owner has taken it over: only then it gets records. */
  isReady: boolean;
  isPaused: boolean;
  nextOffset: number;
  /** What it was given goes up to here, also while it has not said yet how much of that it takes. */
  givenTo: number;
  /** Where somebody else goes on, or has gone on, though this member may not know it yet. */
  lostAt: GroupPosition | undefined;
}

export interface MemberDeps {
  readonly cluster: ClusterState;
  readonly group: SimulatedGroup;
  readonly machine: Machine;
}

/** A member of a group, as libs/kit/kafka/src/group-member.ts is one. */
export class SimulatedMember implements GroupConsumer {
  readonly #cluster: ClusterState;
  readonly #group: SimulatedGroup;
  readonly #machine: Machine;
  #events: GroupEvents | undefined;
  #state: "idle" | "reading" | "draining" = "idle";
  #holdings = new Map<string, Holding>();
  #generation = -1;
  /** From before a join to its end nothing is committed or fetched: whose a partition is, is open. */
  #isJoining = true;
  /** Whether it was thrown out since it last took a part: then nothing that it had is its own any more. */
  #wasExpelled = false;
  #isFetchPlanned = false;
  #stopReading: () => void = () => undefined;
  #told: Promise<void> = Promise.resolve();
  #lastCommit: Promise<void> = Promise.resolve();
  #sentCommits = 0;
  /** The latest that reached the brokers. */
  #arrivedCommit = 0;
  readonly #failed = Promise.withResolvers<never>();

  constructor({ cluster, group, machine }: MemberDeps) {
    this.#cluster = cluster;
    this.#group = group;
    this.#machine = machine;
    this.#failed.promise.catch(() => undefined);
  }

  readonly run = async (events: GroupEvents, signal: AbortSignal): Promise<void> => {
    if (signal.aborted) return;
    this.#events = events;
    this.#state = "reading";
    await this.#machine.pass();
    this.#group.join(this);
    this.#stopReading = this.#cluster.onReadable(this.#group.topics, () => {
      this.#planFetch();
    });
    await Promise.race([untilAborted(signal), this.#failed.promise]);
    this.#state = "draining";
    this.#stopReading();
    await this.#told;
  };

  readonly pause = (place: TopicPartition): void => {
    const holding = this.#holdings.get(nameOf(place));
    if (holding) holding.isPaused = true;
  };

  readonly resume = (place: TopicPartition): void => {
    const holding = this.#holdings.get(nameOf(place));
    if (holding) holding.isPaused = false;
    this.#planFetch();
  };

  readonly commit = async (positions: readonly GroupPosition[]): Promise<void> => {
    const done = this.#lastCommit.then(async () => this.#commit(positions));
    this.#lastCommit = done.catch(() => undefined);
    await done;
  };

  /** Of all its partitions, what the fullest has taken and not finished, by what its owner would commit now. */
  countUnfinished(): number {
    const uncommitted = this.#machine.isAlive ? (this.#events?.rebalancing() ?? []) : [];
    const current = new Map(uncommitted.map((position) => [nameOf(position), position]));
    const counts = [...this.#holdings.values()].map(({ place, nextOffset }) => {
      const position = current.get(nameOf(place)) ?? this.#group.committed.find(place);
      const records = findUnfinished(this.#cluster.read(place, position.offset), position);
      return records.filter(({ offset }) => offset < nextOffset).length;
    });
    return Math.max(0, ...counts);
  }

  /** Leaves the group. Commits that are out are waited for. */
  async close(): Promise<void> {
    await this.#lastCommit;
    this.#state = "idle";
    this.#group.remove(this);
    this.#tellLosses();
  }

  /** Its process was killed: what it had taken and not committed will be done again. */
  die(): void {
    this.#stopReading();
    for (const holding of this.#holdings.values()) holding.lostAt ??= this.#group.committed.find(holding.place);
    this.#tellLosses();
  }

  /** The group threw it out, after a silence; it comes back when it learns of that. */
  expel(afterMs: number): void {
    if (!this.#group.has(this) || this.#state !== "reading") return;
    this.#wasExpelled = true;
    this.#group.remove(this);
    this.#machine.later(afterMs, () => {
      if (this.#state !== "reading") return;
      this.#isJoining = true;
      this.#group.join(this);
    });
  }

  /** A rebalance has begun: it notices, commits what it can, and waits for its part. */
  prepare(): void {
    this.#machine.later(this.#cluster.random.between(5, HEARTBEAT_MS), () => {
      this.#isJoining = true;
      void this.#commitBeforeJoin().then(() => {
        if (this.#state === "draining") this.#group.remove(this);
        else this.#group.notePrepared(this);
      });
    });
  }

  /** Somebody else has this partition from now on, and reads it from this position. */
  noteLoss(position: GroupPosition): void {
    const holding = this.#holdings.get(nameOf(position));
    if (holding) holding.lostAt ??= position;
  }

  takePart(part: readonly TopicPartition[], generation: number): void {
    this.#machine.later(this.#cluster.drawLatencyMs() + this.#cluster.random.between(0, 200), () => {
      // A later generation has begun: it brings a part of its own.
      if (this.#group.generation !== generation || this.#state === "idle") return;
      this.#generation = generation;
      this.#isJoining = false;
      this.#reassign(part);
    });
  }

  #reassign(part: readonly TopicPartition[]): void {
    this.#tellLosses();
    const before = this.#holdings;
    this.#holdings = new Map();
    const gained: Holding[] = [];
    for (const place of part) {
      const known = this.#wasExpelled ? undefined : before.get(nameOf(place));
      const holding = known ?? createHolding(place);
      holding.lostAt = undefined;
      if (!known) gained.push(holding);
      this.#holdings.set(nameOf(place), holding);
    }
    const lost = [...before].filter(([name, holding]) => holding.isAnnounced && this.#holdings.get(name) !== holding);
    this.#wasExpelled = false;
    this.#told = this.#told
      .then(async () =>
        this.#tell(
          gained,
          lost.map(([, { place }]) => place),
        ),
      )
      .catch(this.#failed.reject);
    this.#planFetch();
  }

  async #tell(gained: readonly Holding[], lost: readonly TopicPartition[]): Promise<void> {
    if (lost.length > 0) await this.#events?.revoked(lost);
    const isHere = (holding: Holding): boolean => this.#holdings.get(nameOf(holding.place)) === holding;
    do await this.#machine.wait(this.#cluster.drawLatencyMs() + (this.#cluster.faults.isAway ? RETRY_MS : 0));
    while (this.#cluster.faults.isAway);
    const held = gained.filter(isHere);
    if (held.length === 0 || this.#state !== "reading") return;
    const positions = held.map(({ place }) => this.#group.committed.find(place));
    for (const holding of held) {
      holding.isAnnounced = true;
      holding.nextOffset = this.#group.committed.find(holding.place).offset;
      holding.givenTo = holding.nextOffset;
    }
    await this.#events?.assigned(positions);
    for (const holding of held.filter(isHere)) holding.isReady = true;
    this.#planFetch();
  }

  #planFetch(): void {
    if (this.#isFetchPlanned || this.#state !== "reading") return;
    this.#isFetchPlanned = true;
    this.#machine.later(this.#cluster.drawLatencyMs(), () => {
      this.#isFetchPlanned = false;
      // The end of an outage, or of a join, plans the next.
      if (!this.#cluster.faults.isAway && !this.#isJoining) this.#fetch();
    });
  }

  #fetch(): void {
    for (const holding of this.#holdings.values()) {
      if (!holding.isReady || holding.isPaused || this.#state !== "reading") continue;
      const records = this.#cluster.read(holding.place, holding.nextOffset, FETCH_RECORDS);
      if (records.length > 0) this.#give(holding, records);
    }
  }

  #give(holding: Holding, records: readonly KafkaRecord[]): void {
    void this.#machine.pass();
    if (!this.#machine.isAlive) return;
    holding.givenTo = (records.at(-1)?.offset ?? 0) + 1;
    try {
      const taken = this.#events?.records(holding.place, records) ?? 0;
      const last = records[taken - 1];
      if (last) holding.nextOffset = last.offset + 1;
      holding.givenTo = holding.nextOffset;
      if (taken < records.length) holding.isPaused = true;
      else this.#planFetch();
    } catch (error) {
      this.#failed.reject(error);
    }
  }

  async #commit(positions: readonly GroupPosition[]): Promise<void> {
    const { time, random, faults } = this.#cluster;
    for (const sinceMs = time.nowMs; ;) {
      const own = this.#findOwn(positions);
      if (own.length === 0) return;
      await this.#machine.pass();
      if (!this.#isJoining && (await this.#sendCommit(own, this.#cluster.drawLatencyMs()))) {
        await this.#machine.pass();
        await this.#machine.wait(this.#cluster.drawLatencyMs());
        if (!random.chance(faults.lostAnswers)) return;
      }
      if (time.nowMs - sinceMs > MAX_COMMIT_MS) throw new KafkaError("unavailable", "commit: no answer came");
      await this.#machine.wait(RETRY_MS);
    }
  }

  /** One short try. What was not committed comes again. */
  async #commitBeforeJoin(): Promise<void> {
    const own = this.#findOwn(this.#events?.rebalancing() ?? []);
    const latencyMs = this.#cluster.drawLatencyMs();
    if (own.length === 0 || latencyMs > MAX_LAST_COMMIT_MS) return;
    await this.#sendCommit(own, latencyMs).catch(() => undefined);
  }

  /**
   * Whether it reached the brokers. On the one connection nothing overtakes: what comes after a later one has been there
   * before it. @throws {KafkaError} when it came too late
   */
  async #sendCommit(own: readonly GroupPosition[], latencyMs: number): Promise<boolean> {
    const order = ++this.#sentCommits;
    const generation = this.#generation;
    await this.#machine.wait(latencyMs);
    if (this.#cluster.faults.isAway) return false;
    if (order < this.#arrivedCommit) return true;
    if (!this.#group.commit(this, own, generation))
      throw new KafkaError("unavailable", "commit: the generation is over");
    this.#arrivedCommit = order;
    return true;
  }

  #findOwn(positions: readonly GroupPosition[]): readonly GroupPosition[] {
    return positions.filter((position) => this.#holdings.get(nameOf(position))?.isAnnounced === true);
  }

  #tellLosses(): void {
    for (const { lostAt, givenTo: takenTo } of this.#holdings.values()) {
      if (lostAt) this.#cluster.observer.moved({ machine: this.#machine, committed: lostAt, takenTo });
    }
  }
}

function createHolding(place: TopicPartition): Holding {
  return { place, isAnnounced: false, isReady: false, isPaused: false, nextOffset: 0, givenTo: 0, lostAt: undefined };
}
