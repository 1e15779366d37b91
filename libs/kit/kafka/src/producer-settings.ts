import type { ProducerConfig } from "kafkajs";
import { createPartitioner } from "./choose-partition.ts";
import { METADATA_MAX_AGE_MS } from "./create-client.ts";

/**
 * How kafkajs's producer must be for our batching producer: without retries, which lose acknowledged records (issue
 * 1303), and not idempotent, which loses them with concurrent sends.
 */
export const PRODUCER_SETTINGS: ProducerConfig = {
  idempotent: false,
  allowAutoTopicCreation: false,
  metadataMaxAge: METADATA_MAX_AGE_MS,
  createPartitioner,
  retry: { retries: 0 },
};
