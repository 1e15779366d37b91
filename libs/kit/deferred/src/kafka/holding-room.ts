export interface HoldingRoomOptions {
  /** Tasks held at a time. */
  readonly maxHeld: number;
  /** Bytes of their values together. */
  readonly maxHeldBytes: number;
}

/** What takes room. */
export interface RoomTaker {
  /** Whether it comes from a tier with a delay. */
  readonly isFromDelay: boolean;
  readonly bytes: number;
}

/** Of all the room, what tasks from tiers with a delay may take: those from the first tier are due sooner. */
const shareOfDelays = 0.5;
/** What waits for room goes on well below the bound, or it would stop and go with every task. */
const slackShare = 0.75;

/** How many tasks are held in memory, against what may be. One that is larger than all the room gets in alone. */
export class HoldingRoom {
  readonly #options: HoldingRoomOptions;
  #count = 0;
  #bytes = 0;
  #countFromDelays = 0;
  #bytesFromDelays = 0;

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

  canTake({ isFromDelay, bytes }: RoomTaker): boolean {
    const { maxHeld, maxHeldBytes } = this.#options;
    const fits = this.#count < maxHeld && (this.#count === 0 || this.#bytes + bytes <= maxHeldBytes);
    if (!isFromDelay || !fits) return fits;
    const isFirst = this.#countFromDelays === 0;
    return (
      this.#countFromDelays + 1 <= maxHeld * shareOfDelays &&
      (isFirst || this.#bytesFromDelays + bytes <= maxHeldBytes * shareOfDelays)
    );
  }

  take({ isFromDelay, bytes }: RoomTaker): void {
    this.#add(isFromDelay, bytes, 1);
  }

  give({ isFromDelay, bytes }: RoomTaker): void {
    this.#add(isFromDelay, -bytes, -1);
  }

  #add(isFromDelay: boolean, bytes: number, count: number): void {
    this.#count += count;
    this.#bytes += bytes;
    if (!isFromDelay) return;
    this.#countFromDelays += count;
    this.#bytesFromDelays += bytes;
  }
}
