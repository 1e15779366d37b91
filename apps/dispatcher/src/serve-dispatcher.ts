import { deferredTopics, openKafkaDeferred } from "@postrider/kit-deferred";
import { openCalling } from "@postrider/kit-access";
import { openEgress, openEgressPolicy } from "@postrider/kit-egress";
import { openKafkaEventLog } from "@postrider/kit-event-log";
import { describeKafkaNotice, openPreparedKafka } from "@postrider/kit-kafka";
import type { Clock, Random } from "@postrider/kit-lifecycle";
import { closedAtEnd, type Serving, startServing } from "@postrider/kit-serving";
import { createRegistry, type Logger } from "@postrider/kit-telemetry";
import { planTopics } from "@postrider/records";
import type { DispatcherConfig } from "./config.ts";
import { createDispatcher } from "./create-dispatcher.ts";
import { connectSubscriptions } from "./grpc/subscriptions-client.ts";

/** Each commit is a request to the broker; what it is behind is what a crash repeats. */
const COMMIT_MS = 200;
/** The longest delay of a tier is six hours, and a deferred delivery must outlast an outage on top. */
const MIN_DEFERRED_RETENTION_MS = 7 * 86_400_000;

export interface ServeDispatcherDeps {
  readonly config: DispatcherConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
}

/** A dispatcher as a process of its own: one of any number that share the partitions. @throws Error in one line when it can't start */
export async function serveDispatcher({ config, logger, clock, random }: ServeDispatcherDeps): Promise<Serving> {
  const registry = createRegistry();
  const calling = await openCalling({ config, clock, registry, logger, addresses: [config.subscriptionAddress] });
  const deferredRetentionMs = Math.max(config.retentionMs, MIN_DEFERRED_RETENTION_MS);
  const kafka = await openPreparedKafka({
    ...{ settings: config, clientId: "postrider-dispatcher", clock },
    topics: [...planTopics(config.retentionMs), ...deferredTopics(deferredRetentionMs)],
    onNotice: (notice) => {
      logger.warn(...describeKafkaNotice(notice));
    },
  });
  const subscriptions = connectSubscriptions({
    ...{ address: config.subscriptionAddress, credentials: calling.credentials },
  });
  const policy = openEgressPolicy(config);
  const egress = openEgress({ policy, config, clock });
  const dispatcher = createDispatcher({
    log: openKafkaEventLog({ kafka }),
    deferred: openKafkaDeferred({ kafka, clock }),
    ...{ subscriptions, egress, clock, random },
    process: {
      registry,
      logger,
      version: config.version,
      graceMs: config.graceMs,
      commitMs: COMMIT_MS,
      healthReportMs: config.healthReportMs,
      isShared: true,
    },
  });
  return startServing({
    admin: { address: config.adminAddress, registry },
    services: [
      ...calling.services,
      closedAtEnd("kafka", kafka.close),
      closedAtEnd("subscriptions", subscriptions.close),
      // The dispatcher has waited for what was out; what still is, it has left for the next one.
      closedAtEnd("egress", async () => egress.close(0)),
      dispatcher,
    ],
    ...{ findUnready: dispatcher.findUnready, logger, clock, graceMs: config.graceMs },
  });
}
