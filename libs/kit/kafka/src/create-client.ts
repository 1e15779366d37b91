import type { Clock } from "@postrider/kit-lifecycle";
import type { ISocketFactory, Kafka as KafkajsClient, RetryOptions } from "kafkajs";
import { createClientLog, type ClientLogOptions } from "./client-log.ts";
import type { NoticeSink } from "./kafka-notice.ts";
import type { Cluster } from "./kafkajs-internals.ts";
import { loadKafkajs } from "./load-kafkajs.ts";

/** How long metadata may be believed: also bounds how long a partition goes unread after its leader died. */
export const METADATA_MAX_AGE_MS = 5_000;

/** How long a connection, and how long an answer, may take. */
const CONNECTION_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 6_000;

/** Settings that did best in failovers. kafkajs's defaults wait 30 s. */
export const CLIENT_RETRY: RetryOptions = { retries: 5, initialRetryTime: 50, maxRetryTime: 1_000 };

export interface ClientOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly clock: Clock;
  readonly onNotice: NoticeSink;
  readonly retry?: RetryOptions;
  readonly onOutOfRange?: ClientLogOptions["onOutOfRange"];
}

/** One of kafkajs's clients, and a door to the cluster object inside, for requests that kafkajs has no method for. */
export interface Client {
  readonly kafkajs: KafkajsClient;
  readonly createCluster: () => Cluster;
}

export function createClient({ brokers, clientId, retry = CLIENT_RETRY, ...log }: ClientOptions): Client {
  const { Kafka, logLevel, createSocket } = loadKafkajs();
  const kafkajs = new Kafka({
    brokers: [...brokers],
    clientId,
    retry,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    socketFactory: withoutDelay(createSocket),
    logLevel: logLevel.WARN,
    logCreator: createClientLog(log),
  });
  return { kafkajs, createCluster: () => createCluster(kafkajs) };
}

/** kafkajs's own sockets without Nagle's algorithm, which holds back the end of a request until the one before is acknowledged. */
function withoutDelay(createSocket: ISocketFactory): ISocketFactory {
  return (options) => createSocket(options).setNoDelay(true);
}

/** kafkajs keeps the maker of its cluster objects under a symbol (its index.js). */
function createCluster(kafkajs: KafkajsClient): Cluster {
  const key = Object.getOwnPropertySymbols(kafkajs).find(
    ({ description }) => description === "private:Kafka:createCluster",
  );
  const create = (kafkajs as unknown as Record<symbol, CreateCluster | undefined>)[key ?? Symbol()];
  if (create === undefined) throw new TypeError("kafkajs has no createCluster: this package needs its version 2.2.4");
  return create({ metadataMaxAge: METADATA_MAX_AGE_MS, allowAutoTopicCreation: false, isolationLevel: 0 });
}

type CreateCluster = (options: {
  readonly metadataMaxAge: number;
  readonly allowAutoTopicCreation: boolean;
  readonly isolationLevel: number;
}) => Cluster;
