// A platform of its own for one test: a database, topics under a random prefix, the services as processes.
import { randomBytes } from "node:crypto";
import type { ChannelCredentials } from "@grpc/grpc-js";
import type { Stack } from "@postrider/testing";
import { type Services, startServices } from "../../services/start-services.ts";
import { connectPlatform, type PlatformClient } from "./client.ts";
import { createDatabase, dropDatabase } from "./databases.ts";
import { type KafkaView, openKafkaView } from "./kafka-view.ts";

export interface OpenPlatformOptions {
  readonly stack: Stack;
  /** 6 by default. */
  readonly partitions?: number;
  /** 1 by default. */
  readonly replication?: number;
  /** 1 by default. */
  readonly dispatchers?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** How its client connects; in plaintext by default. */
  readonly channel?: ChannelCredentials;
}

export interface Platform {
  readonly topicPrefix: string;
  readonly databaseUrl: string;
  readonly services: Services;
  readonly client: PlatformClient;
  readonly kafka: KafkaView;
  /** Ends the services, and leaves nothing behind in Kafka and PostgreSQL. */
  readonly close: () => Promise<void>;
}

/** The catalog has order_paid, which takes any data. */
export async function openPlatform(options: OpenPlatformOptions): Promise<Platform> {
  const { stack, partitions = 6, replication = 1, dispatchers = 1, environment = {} } = options;
  const name = `chaos-${randomBytes(4).toString("hex")}`;
  const topicPrefix = `${name}.`;
  const databaseUrl = await createDatabase(stack.databaseUrl, name);
  const kafkaBrokers = stack.kafkaBrokers;
  const services = await startServices({
    ...{ kafkaBrokers, databaseUrl, topicPrefix, partitions, replication, dispatchers, environment },
  });
  const addresses = { ingest: services.ingest.grpcAddress, subscription: services.subscription.grpcAddress };
  const client = connectPlatform(addresses, options.channel);
  const kafka = await openKafkaView({ brokers: kafkaBrokers, topicPrefix });
  const close = async (): Promise<void> => {
    client.close();
    await services.stop();
    await kafka.deleteTopics();
    await kafka.close();
    await dropDatabase(stack.databaseUrl, name);
  };
  await client.createEventType("order_paid");
  return { topicPrefix, databaseUrl, services, client, kafka, close };
}
