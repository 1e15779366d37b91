// Gives the tests a real Kafka (one node) and a real PostgreSQL, started once per run for all projects that list this
// file: the first one's start is in the environment when the second asks, and workers inherit it. Suites look it up
// with findStack of @postrider/testing.
//
// Who sets both variables (`npm run stack` prints them) has the tests use those servers.
import { startKafka } from "./start-kafka.ts";
import { startPostgres } from "./start-postgres.ts";
import { StackUnavailableError } from "./stack-unavailable.ts";

const brokersName = "POSTRIDER_TEST_KAFKA_BROKERS";
const urlName = "POSTRIDER_TEST_DATABASE_URL";

/** What this run started, and ends. */
const started: { readonly stop: () => Promise<void> }[] = [];

/**
 * When the machine lacks a tool, suites find no stack and are skipped; in CI the run fails with it.
 * @throws when a server that should start does not
 */
export async function setup(): Promise<void> {
  const { [brokersName]: brokers, [urlName]: url } = process.env;
  if (brokers && url) return;
  if (brokers || url) throw new Error(`set both of ${brokersName} and ${urlName}, or none`);
  const results = await Promise.allSettled([provideKafka(), providePostgres()]);
  const reasons = results.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
  if (reasons.length === 0) return;
  await teardown();
  const unforeseen = reasons.find((reason) => !(reason instanceof StackUnavailableError));
  if (unforeseen !== undefined) throw unforeseen;
  const line = reasons.map(({ message }) => message).join("; ");
  console.warn(`Tests with a real Kafka and PostgreSQL are skipped (*.stack.test.ts, some *.e2e.test.ts): ${line}`);
  // Not by an error: vitest would run no other test then. tools/check.ts also counts each skipped test as failed there.
  if (process.env["CI"] === "true") process.exitCode = 1;
}

async function provideKafka(): Promise<void> {
  const kafka = await startKafka({ nodes: 1 });
  started.push(kafka);
  process.env[brokersName] = kafka.brokers;
}

async function providePostgres(): Promise<void> {
  const postgres = await startPostgres();
  started.push(postgres);
  process.env[urlName] = postgres.url;
}

export async function teardown(): Promise<void> {
  if (started.length === 0) return;
  await Promise.all(started.splice(0).map((server) => server.stop()));
  for (const name of [brokersName, urlName]) Reflect.deleteProperty(process.env, name);
}
