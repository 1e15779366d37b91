// Must hold: settings that would break a promise stop the service at its start, with one line that says what to change.
import { randomBytes } from "node:crypto";
import { createMasterKey } from "@postrider/kit-secrets";
import { findStack, type Stack } from "@postrider/testing";
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  type Admin,
  Kafka,
  logLevel,
  ResourcePatternTypes,
} from "kafkajs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runToEnd } from "../services/run-to-end.ts";
import { type ServiceName, startService } from "../services/service-process.ts";
import { type PostgresServer, startPostgres } from "../stack/start-postgres.ts";
import { ask } from "./platform/databases.ts";
import { type SilentHost, startMuteHost, startSwallowingHost } from "./platform/silent-host.ts";

const stack = findStack();
/** Who gets no answer at all tries several times before it gives up, each for seconds. */
const DEADLINE_MS = 45_000;
/** Nobody listens there: it is reserved for no service that a machine would run. */
const NOBODY = "127.0.0.1:1";
const MASTER_KEY = createMasterKey(randomBytes, "one-key");

describe.skipIf(stack === undefined)("a service does not start", () => {
  const { kafkaBrokers } = stack ?? ({ kafkaBrokers: NOBODY } as Stack);
  const run = `bad-${randomBytes(4).toString("hex")}`;
  let admin: Admin;
  let postgres: PostgresServer;
  let mute: SilentHost;
  let swallowing: SilentHost;

  beforeAll(async () => {
    if (!stack) return;
    admin = new Kafka({ brokers: kafkaBrokers.split(","), logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    postgres = await startPostgres();
    [mute, swallowing] = await Promise.all([startMuteHost(), startSwallowingHost()]);
    await ask(postgres.url, "create role postrider login password 'secret-right'");
    await ask(postgres.url, "create database keys owner postrider");
    await ask(postgres.url, "create database latin encoding 'LATIN1' locale 'C' template template0");
    await askForPasswords();
  });
  afterAll(async () => {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(run));
    if (topics.length > 0) await admin.deleteTopics({ topics });
    await admin.deleteAcls({ filters: [aclFilter] });
    await admin.disconnect();
    await postgres.stop();
    await Promise.all([mute.close(), swallowing.close()]);
  });

  /** The server trusts everyone on this machine; from now on, only superusers. */
  async function askForPasswords(): Promise<void> {
    const lines = ["host all postgres 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256"];
    const [file] = await ask(postgres.url, "show hba_file");
    const values = lines.map((line) => `('${line}')`).join(",");
    await ask(postgres.url, `copy (values ${values}) to '${String(file?.["hba_file"])}'`);
    await ask(postgres.url, "select pg_reload_conf()");
  }

  /** It ends by itself, and leaves one line that matches everything. */
  async function expectRefusal(
    name: ServiceName,
    environment: Record<string, string>,
    ...texts: RegExp[]
  ): Promise<void> {
    const { code, stderr, stdout, tookMs } = await runToEnd({ name, environment }, DEADLINE_MS);
    const what = `${name} after ${Math.round(tookMs)} ms, ${JSON.stringify(environment)}:\n${stdout}${stderr}`;
    expect(code, what).toBe(1);
    expect(stdout, what).not.toContain("ready");
    const lines = stderr.trimEnd().split("\n");
    // Beside what it logged on its way, such as each try to connect.
    const said = lines.filter((line) => !line.startsWith("{"));
    expect(said, what).toHaveLength(1);
    expect(said, what).toEqual(lines.slice(-1));
    for (const text of texts) expect(said[0], what).toMatch(text);
    // Nobody's password, right or wrong.
    expect(stderr).not.toMatch(/secret-/);
  }

  function onKafka(more: Record<string, string> = {}): Record<string, string> {
    return {
      POSTRIDER_KAFKA_BROKERS: kafkaBrokers,
      POSTRIDER_KAFKA_REPLICATION: "1",
      POSTRIDER_KAFKA_PARTITIONS: "2",
      POSTRIDER_SUBSCRIPTION_ADDRESS: NOBODY,
      ...more,
    };
  }

  function onPostgres(change: (url: URL) => void): Record<string, string> {
    const url = new URL(postgres.url);
    url.username = "postrider";
    url.password = "secret-right";
    change(url);
    return { POSTRIDER_DATABASE_URL: url.href, POSTRIDER_MASTER_KEYS: MASTER_KEY };
  }

  describe.concurrent.each(["ingest", "dispatcher"] as const)("%s", (name) => {
    test.concurrent("where no broker answers", async () => {
      const environment = onKafka({ POSTRIDER_KAFKA_BROKERS: NOBODY });
      await expectRefusal(name, environment, /no Kafka at 127\.0\.0\.1:1 /, /POSTRIDER_KAFKA_BROKERS/);
    });

    test.concurrent("where the host takes connections and says nothing", async () => {
      const environment = onKafka({ POSTRIDER_KAFKA_BROKERS: mute.address });
      await expectRefusal(name, environment, /no Kafka at .* no answer/, /POSTRIDER_KAFKA_BROKERS/);
    });

    test.concurrent("where the host swallows what is sent to it", async () => {
      const environment = onKafka({ POSTRIDER_KAFKA_BROKERS: swallowing.address });
      await expectRefusal(name, environment, /no Kafka at .*(timeout|no answer)/, /POSTRIDER_KAFKA_BROKERS/);
    });

    test.concurrent("on fewer brokers than copies are wanted", async () => {
      const environment = onKafka({
        POSTRIDER_KAFKA_REPLICATION: "3",
        POSTRIDER_KAFKA_TOPIC_PREFIX: `${run}-few-${name}.`,
      });
      await expectRefusal(name, environment, /POSTRIDER_KAFKA_REPLICATION/);
    });

    test.concurrent("where the producer's clock would tell the time of an event", async () => {
      const prefix = `${run}-created-${name}.`;
      await makeEventsTopic(prefix, { "message.timestamp.type": "CreateTime", "retention.ms": "-1" });
      const environment = onKafka({ POSTRIDER_KAFKA_TOPIC_PREFIX: prefix });
      await expectRefusal(name, environment, /postrider\.events/, /LogAppendTime/);
    });

    test.concurrent("where events would be deleted too early", async () => {
      const prefix = `${run}-short-${name}.`;
      await makeEventsTopic(prefix, { "message.timestamp.type": "LogAppendTime", "retention.ms": "60000" });
      const environment = onKafka({ POSTRIDER_KAFKA_TOPIC_PREFIX: prefix });
      await expectRefusal(name, environment, /postrider\.events/, /retention\.ms/);
    });

    test.concurrent("without the right to write a topic", async () => {
      const prefix = `${run}-rights-${name}.`;
      const settings = { "message.timestamp.type": "LogAppendTime", "compression.type": "uncompressed" };
      await makeEventsTopic(prefix, { ...settings, "retention.ms": "-1" });
      await allowAllButWriting(`${prefix}postrider.events`);
      const environment = onKafka({ POSTRIDER_KAFKA_TOPIC_PREFIX: prefix });
      await expectRefusal(name, environment, /postrider\.events/, /WRITE|write/);
    });
  });

  describe.concurrent("subscription", () => {
    test.concurrent.each<[string, (url: URL) => void, RegExp[]]>([
      ["where no database answers", (url) => (url.port = "1"), [/127\.0\.0\.1:1/]],
      ["where the database's host says nothing", (url) => (url.host = mute.address), [/POSTRIDER_DATABASE_URL/]],
      ["where it swallows what is sent to it", (url) => (url.host = swallowing.address), [/POSTRIDER_DATABASE_URL/]],
      ["with a wrong password", (url) => (url.password = "secret-wrong"), [/password/, /postrider/]],
      ["as a role that is not there", (url) => (url.username = "nobody"), [/nobody/]],
      ["in a database that is not there", (url) => (url.pathname = "/nothing"), [/nothing/]],
      ["without the right to make tables", (url) => (url.pathname = "/postgres"), [/permission|right|CREATE/i]],
      ["in a database that is not UTF-8", (url) => (url.pathname = "/latin"), [/UTF-?8/]],
    ])("%s", async (_, change, texts) => {
      const environment = onPostgres(change);
      await expectRefusal("subscription", environment, /POSTRIDER_DATABASE_URL|database|role/i, ...texts);
    });

    test.concurrent.each<[string, string, RegExp]>([
      ["without master keys", "", /: POSTRIDER_MASTER_KEYS_FILE or POSTRIDER_MASTER_KEYS should be set.*new-key/],
      [
        "with one that is cut off",
        MASTER_KEY.slice(0, -2),
        /: POSTRIDER_MASTER_KEYS=\(secret\) should be id:key.*entry 1/,
      ],
    ])("%s", async (_, masterKeys, text) => {
      const environment = { ...onPostgres(() => undefined), POSTRIDER_MASTER_KEYS: masterKeys };
      await expectRefusal("subscription", environment, text);
    });

    test.concurrent("with other master keys than its database knows", async () => {
      const environment = onPostgres((url) => (url.pathname = "/keys"));
      const first = await startService({ name: "subscription", environment });
      await first.stop("SIGTERM");
      const impostor = { ...environment, POSTRIDER_MASTER_KEYS: createMasterKey(randomBytes, "one-key") };
      await expectRefusal(
        "subscription",
        impostor,
        /master key .*-key is not the one that was used with this database/,
      );
    });
  });

  async function makeEventsTopic(prefix: string, config: Record<string, string>): Promise<void> {
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
    const topic = { topic: `${prefix}postrider.events`, numPartitions: 2, replicationFactor: 1, configEntries };
    await admin.createTopics({ topics: [topic], waitForLeaders: false });
  }

  const aclFilter = {
    resourceType: AclResourceTypes.TOPIC,
    resourcePatternType: ResourcePatternTypes.MATCH,
    operation: AclOperationTypes.ANY,
    permissionType: AclPermissionTypes.ANY,
    resourceName: `${run}-rights`,
  };

  async function allowAllButWriting(topic: string): Promise<void> {
    const { READ, DESCRIBE, CREATE, DELETE, ALTER, DESCRIBE_CONFIGS, ALTER_CONFIGS } = AclOperationTypes;
    await admin.createAcls({
      acl: [READ, DESCRIBE, CREATE, DELETE, ALTER, DESCRIBE_CONFIGS, ALTER_CONFIGS].map((operation) => ({
        ...{ operation, resourceName: topic, resourceType: AclResourceTypes.TOPIC },
        resourcePatternType: ResourcePatternTypes.LITERAL,
        permissionType: AclPermissionTypes.ALLOW,
        ...{ principal: "User:ANONYMOUS", host: "*" },
      })),
    });
  }
});
