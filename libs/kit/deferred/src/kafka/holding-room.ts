export interface HoldingRoomOptions {
  /** Tasks held at a time. */
  readonly maxHeld: number;
  /** Bytes of their values together. */
  readonly maxHeldBytes: number;
}

/** What takes room. */
export interface RoomTaker {
  /** Whether it is taken long before it is due. */
  readonly isEarly: boolean;
  readonly bytes: number;
}

/** Of all the room, what early tasks may take, so that they never stop what is due. */
const shareOfEarly = 0.5;
/** What waits for room goes on well below the bound, or it would stop and go with every task. */
const slackShare = 0.75;

/** How many tasks are held in memory, against what may be. One that is larger than all the room gets in alone. */
export class HoldingRoom {
  readonly #options: HoldingRoomOptions;
  #count = 0;
  #bytes = 0;
  #earlyCount = 0;
  #earlyBytes = 0;

  constructor(options: HoldingRoomOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether what waits for room in the first tier may go on. */
  get hasSlack(): boolean {
    const { maxHeld, maxHeldBytes } = this.#options;
    return this.#count <= maxHeld * slackShare && this.#bytes <= maxHeldBytes * slackShare;
  }

  canTake({ isEarly, bytes }: RoomTaker): boolean {
    const { maxHeld, maxHeldBytes } = this.#options;
    const fits = this.#count < maxHeld && (this.#count === 0 || this.#bytes + bytes <= maxHeldBytes);
    if (!isEarly || !fits) return fits;
    const isFirst = this.#earlyCount === 0;
    return (
      this.#earlyCount + 1 <= maxHeld * shareOfEarly &&
      (isFirst || this.#earlyBytes + bytes <= maxHeldBytes * shareOfEarly)
    );
  }

  take({ isEarly, bytes }: RoomTaker): void {
    this.#add(isEarly, bytes, 1);
  }

  give({ isEarly, bytes }: RoomTaker): void {
    this.#add(isEarly, -bytes, -1);
  }

  #add(isEarly: boolean, bytes: number, count: number): void {
    this.#count += count;
    this.#bytes += bytes;
    if (!isEarly) return;
    this.#earlyCount += count;
    this.#earlyBytes += bytes;
  }
}
