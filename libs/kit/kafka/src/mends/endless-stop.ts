/**
 * Fault: a consumer that is stopped while its fetchers are being made anew, because the set of brokers has changed, stops
 * the old ones only. The new ones find that it does not run, and ask again at once, for good: a loop that never yields, so
 * that no timer and no signal is heard in the whole process any more.
 * Upstream: no issue found; see kafkajs's consumer/runner.js, fetch, and consumer/fetchManager.js, start.
 * Shown: the test beside; a dispatcher that did not end after SIGTERM in a run of chaos that had killed a broker.
 */
export interface FetchingRunner {
  readonly running: boolean;
  readonly fetchManager: { readonly stop: () => Promise<void> };
  fetch: (nodeId: string) => Promise<readonly unknown[]>;
}

export function mendEndlessStop({ prototype }: { readonly prototype: FetchingRunner }): void {
  const fetch = prototype.fetch;
  prototype.fetch = async function (this: FetchingRunner, nodeId) {
    // Not awaited: it waits for the fetcher that waits for this.
    if (!this.running) void this.fetchManager.stop();
    return fetch.call(this, nodeId);
  };
}
