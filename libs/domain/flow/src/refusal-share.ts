/** Of this many attempts or so the share is known. */
const REMEMBERED = 64;
/** Where every tenth is refused by chance, the share comes over this about once in ten thousand attempts. */
const HIGH_SHARE = 0.2;
/** So many refusals in a row mean that the endpoint took nothing at all for a while. */
const OUTAGE = 16;

/**
 * What share of its last attempts an endpoint refused because it gets too much. One that refuses some of them whatever it
 * gets (a bad instance behind its load balancer) is not helped by getting less. Mutable; exponentially weighted.
 */
export class RefusalShare {
  #share = 0;
  #inARow = 0;

  /** Whether it is more than chance would have it. */
  get isHigh(): boolean {
    return this.#share > HIGH_SHARE;
  }

  noteRefused(): void {
    this.#share += (1 - this.#share) / REMEMBERED;
    this.#inARow++;
  }

  /** Returns whether that ended a time in which nothing was taken: how little was too much then says nothing now. */
  noteTaken(): boolean {
    this.#share -= this.#share / REMEMBERED;
    const endsOutage = this.#inARow >= OUTAGE;
    this.#inARow = 0;
    return endsOutage;
  }
}
