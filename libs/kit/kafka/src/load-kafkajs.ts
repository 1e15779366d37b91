import { createRequire } from "node:module";
import type * as Kafkajs from "kafkajs";
import type { ISocketFactory } from "kafkajs";
import { dropEmptyBatches } from "./empty-batches.ts";
import { mendDeadCoordinator } from "./mends/dead-coordinator.ts";
import { mendDeadLeader } from "./mends/dead-leader.ts";
import { mendEndlessStop } from "./mends/endless-stop.ts";
import { mendIdleTimer } from "./mends/idle-timer.ts";
import { mendLostSeed } from "./mends/lost-seed.ts";
import { mendStaleFetch } from "./mends/stale-fetch.ts";
import { mendUntoldJoins } from "./mends/untold-joins.ts";
import { paceFetches } from "./paced-fetch.ts";
import { installWire } from "./wire/install-wire.ts";

const require = createRequire(import.meta.url);
const mendedKey = Symbol.for("postrider.mended");

/** kafkajs, and the maker of its sockets, which it does not export. */
export type MendedKafkajs = typeof Kafkajs & { createSocket: ISocketFactory; [mendedKey]?: true };

/** kafkajs with its mends, which are made once in a process. Nobody else may import kafkajs, but for its types. */
export function loadKafkajs(): MendedKafkajs {
  // Another copy of this module may have loaded it: its modules then have what they were given.
  if (require.cache[require.resolve("kafkajs")] === undefined) installWire(require);
  const kafkajs = requireModule<MendedKafkajs>("kafkajs");
  if (kafkajs[mendedKey]) return kafkajs;
  kafkajs[mendedKey] = true;
  kafkajs.createSocket = requireModule<() => ISocketFactory>("kafkajs/src/network/socketFactory")();
  mendIdleTimer(requireModule("kafkajs/src/network/requestQueue"));
  mendLostSeed(requireModule("kafkajs/src/cluster/brokerPool"));
  const group = requireModule<
    Parameters<typeof mendDeadLeader>[0] &
      Parameters<typeof mendDeadCoordinator>[0] &
      Parameters<typeof mendUntoldJoins>[0]
  >("kafkajs/src/consumer/consumerGroup");
  mendDeadLeader(group);
  mendStaleFetch(group);
  mendDeadCoordinator(group);
  mendUntoldJoins(group, (message) => new kafkajs.KafkaJSNonRetriableError(message));
  mendEndlessStop(requireModule("kafkajs/src/consumer/runner"));
  dropEmptyBatches(group);
  paceFetches(group);
  return kafkajs;
}

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- kafkajs's files have no types: the caller says what it expects.
function requireModule<T>(id: string): T {
  return require(id) as T;
}
