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
