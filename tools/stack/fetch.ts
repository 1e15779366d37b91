// Fetches and prepares everything that the test stack needs, so that tests need not wait for it. Exits with 1 when that
// is not possible on this machine, with the line that says what to install.
import { fetchKafka } from "./fetch-kafka.ts";
import { fetchPostgres } from "./fetch-postgres.ts";
import { prepareKafka } from "./prepare-kafka.ts";
import { preparePostgres } from "./prepare-postgres.ts";
import { StackUnavailableError } from "./stack-unavailable.ts";

try {
  const kafka = await fetchKafka();
  await prepareKafka(kafka);
  const postgres = await fetchPostgres();
  await preparePostgres(postgres);
  console.log(
    `Kafka ${kafka.version} (Java ${kafka.java.version}) and PostgreSQL ${postgres.version} are ready to start`,
  );
} catch (error) {
  if (!(error instanceof StackUnavailableError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
