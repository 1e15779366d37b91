/*
 * A record batch of Kafka's message format, magic 2: what both who writes and who reads one must know.
 */

/** Of a batch, up to and including its own length, which does not count that. */
export const BATCH_PREFIX_BYTES = 12;
/** Of a batch, before its first record. */
export const BATCH_HEAD_BYTES = 61;
export const MAGIC = 2;
