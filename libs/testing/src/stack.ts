/** Where the real Kafka and PostgreSQL of the tests listen. */
export interface Stack {
  /** host:port, several separated by commas. */
  readonly kafkaBrokers: string;
  /** A superuser's URL: tests make databases of their own. */
  readonly databaseUrl: string;
}

/**
 * The stack that the test run started (see tools/stack), or one that the developer keeps running with `npm run stack`.
 * Undefined when there is none: the suites that need it are skipped then, which CI counts as a failure.
 */
export function findStack(): Stack | undefined {
  const kafkaBrokers = process.env["POSTRIDER_TEST_KAFKA_BROKERS"];
  const databaseUrl = process.env["POSTRIDER_TEST_DATABASE_URL"];
  return kafkaBrokers && databaseUrl ? { kafkaBrokers, databaseUrl } : undefined;
}
