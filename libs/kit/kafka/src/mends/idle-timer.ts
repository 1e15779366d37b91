/**
 * Fault: after each response a connection schedules a check of its pending requests, also when none is pending, and
 * each check schedules the next: a timer loop of 1 ms per connection (`setTimeout` with a negative delay), for good.
 * Upstream: kafkajs issues 1704 (the loop) and 1751 (its TimeoutNegativeWarning).
 * Shown: a CPU profile of an idle consumer; Node's TimeoutNegativeWarning; the test beside.
 */
export interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: () => void;
}

export function mendIdleTimer({ prototype }: { readonly prototype: RequestQueue }): void {
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this);
  };
}
