import type { Clock } from "@postrider/kit-lifecycle";
import { RpcError } from "@postrider/kit-rpc";

export interface CallerRatesOptions {
  /** Events a second that each caller may publish to this process, and so many at once; 0: any number. */
  readonly perSecond: number;
  readonly clock: Pick<Clock, "monotonicUs">;
}

const SECOND_US = 1_000_000;
/** Callers that were heard of are looked through for those to forget when there are twice as many as were left last time. */
const FEWEST_REMEMBERED = 1_000;

/**
 * Keeps each caller to a rate of events, so that one that runs wild leaves room for the others: the generic cell rate
 * algorithm (ITU-T I.371) with a burst of one second's events. What was refused counts for nothing.
 */
export class CallerRates {
  readonly #options: CallerRatesOptions;
  readonly #intervalUs: number;
  /** When a caller's next event would be due if it kept the exact rate, by its name. Those whose time has passed mean nothing. */
  readonly #dueAtUs = new Map<string, number>();
  #mostRemembered = FEWEST_REMEMBERED;

  constructor(options: CallerRatesOptions) {
    this.#options = options;
    this.#intervalUs = SECOND_US / options.perSecond;
  }

  /** Counts one event of the caller. @throws {RpcError} resource_exhausted that tells when there is room again */
  take(caller: string): void {
    const { perSecond, clock } = this.#options;
    if (perSecond === 0) return;
    const nowUs = clock.monotonicUs();
    const dueAtUs = Math.max(nowUs, this.#dueAtUs.get(caller) ?? 0);
    const tooEarlyUs = dueAtUs - nowUs - (SECOND_US - this.#intervalUs);
    // Less than a rounding error is nothing; the rate is at least one a second.
    if (tooEarlyUs > 1) throw refuse(perSecond, tooEarlyUs);
    this.#dueAtUs.set(caller, dueAtUs + this.#intervalUs);
    if (this.#dueAtUs.size > this.#mostRemembered) this.#forgetIdle(nowUs);
  }

  /** At most those that published within the last second are left. */
  #forgetIdle(nowUs: number): void {
    for (const [caller, dueAtUs] of this.#dueAtUs) if (dueAtUs <= nowUs) this.#dueAtUs.delete(caller);
    this.#mostRemembered = Math.max(FEWEST_REMEMBERED, 2 * this.#dueAtUs.size);
  }
}

function refuse(perSecond: number, tooEarlyUs: number): RpcError {
  const text = `more than ${perSecond} events a second from this caller`;
  return new RpcError("resource_exhausted", text, { retryDelayMs: Math.ceil(tooEarlyUs / 1000) });
}
