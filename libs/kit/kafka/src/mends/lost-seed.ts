/**
 * Fault: when the last known broker is removed (its connection closed), the pool has no seed broker, and the next removal
 * reads a property of it: a TypeError, which no retry in kafkajs takes for one that may pass. A consumer that fetches
 * from one broker then crashes for good while that broker is away.
 * Upstream: no issue found; see kafkajs's cluster/brokerPool.js, removeBroker.
 * Shown: the test beside; a single broker stopped under a consumer.
 */
export interface BrokerPool {
  readonly brokers: Record<string, PooledBroker>;
  seedBroker: PooledBroker | undefined;
  metadataExpireAt: number | null;
  removeBroker: (address: { readonly host: string; readonly port: number }) => void;
}

interface PooledBroker {
  readonly nodeId: number | string | null;
  readonly connectionPool: { readonly host: string; readonly port: number };
}

export function mendLostSeed({ prototype }: { readonly prototype: BrokerPool }): void {
  prototype.removeBroker = function (this: BrokerPool, { host, port }) {
    const removed = Object.entries(this.brokers).find(
      ([, { connectionPool }]) => connectionPool.host === host && connectionPool.port === port,
    );
    if (removed === undefined) return;
    const [nodeId, broker] = removed;
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- kafkajs keeps its brokers in an object.
    delete this.brokers[nodeId];
    this.metadataExpireAt = null;
    // Without any, connect() makes one from the configured addresses.
    if (this.seedBroker === broker || this.seedBroker === undefined) this.seedBroker = Object.values(this.brokers)[0];
  };
}
