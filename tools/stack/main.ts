// `npm run stack`: a real Kafka and a real PostgreSQL for whoever works on Postrider, until Ctrl-C.
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { runProcess, untilAborted } from "@postrider/kit-lifecycle";
import { createMasterKey } from "@postrider/kit-secrets";
import { type KafkaCluster, startKafka } from "./start-kafka.ts";
import { type PostgresServer, startPostgres } from "./start-postgres.ts";

const help = `Starts Apache Kafka and PostgreSQL on free ports of 127.0.0.1, without Docker. They end with it (Ctrl-C), and so do
their data. The first start fetches them into .cache/stack.

npm run stack -- [options]
  --nodes 1|3        of Kafka; 1 by default
  --kafka-only       no PostgreSQL
  --postgres-only    no Kafka
  --fsync            PostgreSQL waits for the disk, as in production
  --help

Kafka needs Java 17 or newer, and Maven to fetch it; or POSTRIDER_KAFKA_HOME, the folder of an unpacked Kafka.`;

interface Wanted {
  readonly kafkaNodes?: 1 | 3;
  readonly postgres?: { readonly fsync: boolean };
}

/** Undefined: only the help is wanted. @throws with one line about what is wrong */
function parseWanted(): Wanted | undefined {
  const { values } = parseArgs({
    options: {
      nodes: { type: "string", default: "1" },
      "kafka-only": { type: "boolean", default: false },
      "postgres-only": { type: "boolean", default: false },
      fsync: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  const nodes = ([1, 3] as const).find((count) => String(count) === values.nodes);
  if (nodes === undefined) throw new Error(`--nodes is ${values.nodes}; it must be 1 or 3`);
  const [kafkaOnly, postgresOnly] = [values["kafka-only"], values["postgres-only"]];
  if (kafkaOnly && postgresOnly) throw new Error("--kafka-only and --postgres-only leave nothing to start");
  if (values.help) return undefined;
  return {
    ...(postgresOnly ? {} : { kafkaNodes: nodes }),
    ...(kafkaOnly ? {} : { postgres: { fsync: values.fsync } }),
  };
}

function describe(kafka: KafkaCluster | undefined, postgres: PostgresServer | undefined): string {
  const kafkaLines =
    kafka === undefined
      ? []
      : [
          `export POSTRIDER_KAFKA_BROKERS=${kafka.brokers}`,
          // A service asks for three copies of each record unless it is told otherwise.
          ...(kafka.nodes.length === 1 ? ["export POSTRIDER_KAFKA_REPLICATION=1"] : []),
        ];
  return [
    ...(kafka === undefined ? [] : [`Kafka ${kafka.version}: ${kafka.brokers}`]),
    ...(postgres === undefined ? [] : [`PostgreSQL ${postgres.version}: ${postgres.url}`]),
    "",
    "For the services:",
    ...kafkaLines,
    ...(postgres === undefined
      ? []
      : [
          `export POSTRIDER_DATABASE_URL=${postgres.url}`,
          // Of no use to anybody once the database is gone.
          `export POSTRIDER_MASTER_KEYS=${createMasterKey(randomBytes)}`,
        ]),
    ...(kafka === undefined || postgres === undefined
      ? []
      : [
          "",
          "For tests, which start their own otherwise:",
          `export POSTRIDER_TEST_KAFKA_BROKERS=${kafka.brokers}`,
          `export POSTRIDER_TEST_DATABASE_URL=${postgres.url}`,
        ]),
    "",
    "Ctrl-C ends them and removes their data.",
  ].join("\n");
}

await runProcess("stack", async (signal) => {
  const wanted = parseWanted();
  if (wanted === undefined) {
    console.log(help);
    return;
  }
  const [kafka, postgres] = await Promise.all([
    wanted.kafkaNodes && startKafka({ nodes: wanted.kafkaNodes }),
    wanted.postgres && startPostgres(wanted.postgres),
  ]);
  if (!signal.aborted) {
    console.log(describe(kafka, postgres));
    // The servers keep no process alive: this does.
    const alive = setInterval(() => undefined, 60_000);
    await untilAborted(signal);
    clearInterval(alive);
  }
  await Promise.all([kafka?.stop(), postgres?.stop()]);
});
