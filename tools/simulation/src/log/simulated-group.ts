import type { GroupPosition, TopicPartition } from "@postrider/kit-kafka";
import { type ClusterState, CommittedPositions } from "./cluster-state.ts";
import { nameOf } from "./place.ts";
import type { SimulatedMember } from "./simulated-member.ts";

/** Between the first that wants a rebalance and the rebalance: so that several that come at once cost one. */
const GATHER_MS = { least: 20, most: 300 };
/** A member that is silent for this long is out. */
export const SESSION_MS = 10_000;

/**
 * Members that share partitions, and where they stand. A rebalance begins when members come or go, waits until each
 * member has committed what it could, and ends with a new generation: from then on a member can commit only if it has
 * taken its part of that generation, which each does in its own time.
 */
export class SimulatedGroup {
  readonly committed = new CommittedPositions();
  readonly #cluster: ClusterState;
  readonly #topics: readonly string[];
  readonly #members: SimulatedMember[] = [];
  readonly #prepared = new Set<SimulatedMember>();
  #owners = new Map<string, SimulatedMember>();
  #generation = 0;
  #isPreparing = false;
  #shift = 0;

  constructor(cluster: ClusterState, topics: readonly string[]) {
    this.#cluster = cluster;
    this.#topics = topics;
  }

  get generation(): number {
    return this.#generation;
  }

  get topics(): readonly string[] {
    return this.#topics;
  }

  join(member: SimulatedMember): void {
    if (!this.#members.includes(member)) this.#members.push(member);
    this.#prepared.add(member);
    this.#begin();
  }

  /** It has gone, was thrown out, or said nothing for too long. */
  remove(member: SimulatedMember): void {
    const at = this.#members.indexOf(member);
    if (at < 0) return;
    this.#members.splice(at, 1);
    this.#prepared.delete(member);
    for (const place of this.#cluster.listPlaces(this.#topics)) {
      if (this.#owners.get(nameOf(place)) !== member) continue;
      this.#owners.delete(nameOf(place));
      member.noteLoss(this.committed.find(place));
    }
    this.#begin();
  }

  /** Moves partitions though nobody came or went. */
  rebalance(): void {
    this.#shift += 1;
    this.#begin();
  }

  has(member: SimulatedMember): boolean {
    return this.#members.includes(member);
  }

  /** The member has committed what it could, and waits for its part. */
  notePrepared(member: SimulatedMember): void {
    if (!this.has(member)) return;
    this.#prepared.add(member);
    this.#assignIfPrepared();
  }

  /** False if it is too late: the partitions may be somebody else's. @param generation the member's when it sent it */
  commit(member: SimulatedMember, positions: readonly GroupPosition[], generation: number): boolean {
    if (!this.has(member) || generation !== this.#generation) return false;
    this.committed.store(positions);
    return true;
  }

  #begin(): void {
    if (this.#isPreparing) {
      // Perhaps the last that was waited for has gone.
      this.#assignIfPrepared();
      return;
    }
    this.#isPreparing = true;
    for (const member of this.#members) if (!this.#prepared.has(member)) member.prepare();
    const { time, random } = this.#cluster;
    time.after(random.between(GATHER_MS.least, GATHER_MS.most), () => {
      this.#assignIfPrepared(true);
    });
  }

  #hasGathered = false;

  #assignIfPrepared(hasGathered = false): void {
    this.#hasGathered ||= hasGathered;
    if (!this.#isPreparing || !this.#hasGathered) return;
    if (this.#members.some((member) => !this.#prepared.has(member))) return;
    this.#isPreparing = false;
    this.#hasGathered = false;
    this.#prepared.clear();
    this.#assign();
  }

  #assign(): void {
    this.#generation += 1;
    const before = this.#owners;
    this.#owners = new Map();
    const parts = new Map<SimulatedMember, TopicPartition[]>(this.#members.map((member) => [member, []]));
    for (const place of this.#cluster.listPlaces(this.#topics)) {
      const owner = this.#members[(place.partition + this.#shift) % this.#members.length];
      const previous = before.get(nameOf(place));
      if (previous !== owner) previous?.noteLoss(this.committed.find(place));
      if (owner === undefined) continue;
      this.#owners.set(nameOf(place), owner);
      parts.get(owner)?.push(place);
    }
    for (const [member, part] of parts) member.takePart(part, this.#generation);
  }
}
