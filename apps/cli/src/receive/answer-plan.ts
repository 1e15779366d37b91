/** How the receiver should behave, so that a platform's handling of it can be watched. */
export interface AnswerOptions {
  /** Answer 500 to this many webhooks first. */
  readonly failFirst: number;
  /** The status of every answer after those. */
  readonly status: number;
  /** Never answer. */
  readonly hang: boolean;
  /** Wait this long before each answer. */
  readonly slowMs: number;
}

export type PlannedAnswer =
  { readonly kind: "hang" } | { readonly kind: "answer"; readonly status: number; readonly delayMs: number };

/**
 * What the receiver does with its n-th webhook.
 * @param number counted from 1
 */
export function planAnswer({ failFirst, status, hang, slowMs }: AnswerOptions, number: number): PlannedAnswer {
  if (hang) return { kind: "hang" };
  return { kind: "answer", status: number <= failFirst ? 500 : status, delayMs: slowMs };
}
