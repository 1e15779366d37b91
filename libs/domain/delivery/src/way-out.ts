/** With fewer that can't be reached, each is taken for broken itself: a deployment with one endpoint must find out that it is dead. */
const LEAST_UNREACHABLE = 5;
/** While this share of all that were tried was reached, the way out is there. */
const REACHED_SHARE = 0.1;
/** Hosts that are remembered: more tell no more. */
const MAX_HOSTS = 10_000;
/** A host that is reached again and again is noted so many times in a window: an attempt of a healthy one costs a look. */
const NOTES_PER_WINDOW = 16;

interface Sighting {
  readonly atMs: number;
  readonly isReached: boolean;
}

/**
 * Whether the way from this process to the world may be broken (its network, its name server, its proxy): then every
 * endpoint seems to be, and nothing must be held against any of them.
 *
 * The rule: of the hosts that were tried within the window, what the last attempt at each said. The way out gets into doubt
 * when five or more could not be reached, and less than a tenth of all was; it stays so until a tenth is, since in an
 * outage less and less is tried. Any answer reaches, a 500 too. By host, since a thousand subscriptions at one that is dead
 * are no evidence of more than that.
 *
 * Mutable, because it is told of each attempt; pure of IO and clock. Times are of any clock that never goes back.
 */
export class WayOut {
  readonly #windowMs: number;
  /** In the order of their last note. */
  readonly #sightings = new Map<string, Sighting>();
  #unreachable = 0;
  #isInDoubt = false;

  /** @param windowMs after this time an attempt tells nothing any more */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Hosts that are remembered. */
  get size(): number {
    return this.#sightings.size;
  }

  /** An attempt at the host ended: with any answer, or without one. */
  note(host: string, isReached: boolean, nowMs: number): void {
    const known = this.#sightings.get(host);
    if (known?.isReached === true && isReached && nowMs - known.atMs < this.#windowMs / NOTES_PER_WINDOW) return;
    this.#forget(host);
    this.#sightings.set(host, { atMs: nowMs, isReached });
    if (!isReached) this.#unreachable += 1;
    this.#forgetOld(nowMs);
    this.#judge();
  }

  get isInDoubt(): boolean {
    return this.#isInDoubt;
  }

  #judge(): void {
    const { size } = this.#sightings;
    if (size - this.#unreachable >= size * REACHED_SHARE) this.#isInDoubt = false;
    else if (this.#unreachable >= LEAST_UNREACHABLE) this.#isInDoubt = true;
  }

  #forgetOld(nowMs: number): void {
    for (const [host, { atMs }] of this.#sightings) {
      if (this.#sightings.size <= MAX_HOSTS && nowMs - atMs < this.#windowMs) return;
      this.#forget(host);
    }
  }

  #forget(host: string): void {
    if (this.#sightings.get(host)?.isReached === false) this.#unreachable -= 1;
    this.#sightings.delete(host);
  }
}
