/** The topics of the log: the words of the design under one prefix, so that they can share a cluster. */
export const TOPICS = {
  /** Accepted events, as CloudEvents in Kafka's binary mode. */
  events: "postrider.events",
  /** What every HTTP request told: AttemptBatch. */
  attempts: "postrider.attempts",
  /** Deliveries that will not be tried again: DeadLetter. */
  deadLetters: "postrider.dead-letters",
  /** Records of the events topic that are no events, and deferred tasks that are no deliveries; the reason is in a header. */
  quarantine: "postrider.quarantine",
} as const;

/** A broker's default for the largest batch, and what every record of ours stays below. */
const DEFAULT_MAX_BYTES = 1_048_588;

/** A topic as the log is to have it. */
export interface PlannedTopic {
  readonly name: string;
  readonly retentionMs: number;
  /** The largest batch of records that it takes, bytes. */
  readonly maxMessageBytes: number;
}

/** All topics but those of deferred deliveries, which their adapter plans. */
export function planTopics(retentionMs: number): readonly PlannedTopic[] {
  return Object.values(TOPICS).map((name) => ({
    name,
    retentionMs,
    // Quarantine takes whatever stood in another topic, and the reason beside it.
    maxMessageBytes: name === TOPICS.quarantine ? 2 * DEFAULT_MAX_BYTES : DEFAULT_MAX_BYTES,
  }));
}
