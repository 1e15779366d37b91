// Must hold: no signing secret and no master key in any log, metric, topic or table of the services.
import { randomBytes } from "node:crypto";
import { credentials } from "@grpc/grpc-js";
import { SignatureKind, SubscriptionServiceClient } from "@postrider/contracts/postrider/v1/subscription";
import { call } from "@postrider/kit-rpc";
import { createMasterKey } from "@postrider/kit-secrets";
import { findStack, startReceiver } from "@postrider/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { ask } from "./platform/databases.ts";
import { ATTEMPTS, DEAD_LETTERS, EVENTS, QUARANTINE, TIERS } from "./platform/kafka-view.ts";
import { openPlatform, type Platform } from "./platform/open-platform.ts";
import { countReceipts, untilReceived } from "./platform/receipts.ts";

const stack = findStack();
/** Of Svix's server's tests. */
const PAIR = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";

describe.skipIf(stack === undefined)("secrets", () => {
  test("are in no log, no metric, no topic and no table, whatever became of their deliveries", async () => {
    if (!stack) return;
    const masterKey = createMasterKey(randomBytes, "main");
    const environment = { POSTRIDER_MASTER_KEYS: masterKey, POSTRIDER_LOG_LEVEL: "debug" };
    const platform = await openPlatform({ stack, environment });
    onTestFinished(platform.close);
    const [good, bad] = [await startReceiver(), await startReceiver({ answer: { status: 500, body: "no" } })];
    const delivered = await platform.client.createSubscription({ url: good.url, tenantId: "acme" });
    const dead = await platform.client.createSubscription({ url: bad.url, tenantId: "acme", retryDelaysMs: [1, 1] });
    await rotateToPair(platform, delivered.id);
    await platform.client.publish({ id: "evt-1", tenantId: "acme" });
    await untilReceived(good, ["evt-1"]);
    await bad.waitFor(3, 30_000);
    await platform.kafka.append(EVENTS, [{ headers: {}, value: "no event" }]);
    await untilDeadLetter(platform);
    expect(countReceipts(good).get("evt-1")).toBe(1);

    const places = new Map<string, string>();
    const { subscription, ingest, dispatchers } = platform.services;
    for (const { name, adminAddress } of [subscription, ingest, ...dispatchers]) {
      places.set(`metrics of ${name}`, await (await fetch(`http://${adminAddress}/metrics`)).text());
    }
    const topics = [EVENTS, ATTEMPTS, DEAD_LETTERS, QUARANTINE, ...TIERS.map((tier) => `postrider.due.${tier}`)];
    for (const topic of topics) {
      const records = await platform.kafka.readAll(topic);
      // Latin 1 keeps every byte.
      const texts = records.map(({ value, headers }) => `${value.toString("latin1")} ${JSON.stringify(headers)}`);
      places.set(topic, texts.join("\n"));
    }
    const tables = await ask(
      platform.databaseUrl,
      "select table_name as name from information_schema.tables where table_schema = 'public'",
    );
    for (const { name } of tables) {
      const rows = await ask(platform.databaseUrl, `select * from "${String(name)}"`);
      places.set(`table ${String(name)}`, JSON.stringify(rows));
    }
    for (const { name, output } of [subscription, ingest, ...dispatchers]) places.set(`output of ${name}`, output());
    await Promise.all([good.close(), bad.close()]);

    expect(places.get("output of dispatcher")).toContain("attempt failed");
    expect(places.get(ATTEMPTS)).toContain(delivered.id);
    expect(places.get(DEAD_LETTERS)).toContain(dead.id);
    expect(places.get("table signing_secrets")).toContain("s1.main.");
    const secrets = [delivered.secret, dead.secret, PAIR, masterKey];
    expect(findSecrets(secrets, places)).toEqual([]);
    expect(findSecrets(secrets, new Map([["here", dead.secret]]))).toEqual(["here has secret 1"]);
  }, 120_000);
});

async function rotateToPair({ services }: Platform, id: string): Promise<void> {
  const client = new SubscriptionServiceClient(services.subscription.grpcAddress, credentials.createInsecure());
  const request = { id, overlap: undefined, signature: SignatureKind.SIGNATURE_KIND_ED25519, secret: PAIR };
  await call(client.rotateSecret.bind(client), request, { deadline: new Date(Date.now() + 10_000) });
  client.close();
}

/** The last attempt is recorded after its answer. */
async function untilDeadLetter({ kafka }: Platform): Promise<void> {
  const endsAtMs = Date.now() + 30_000;
  while ((await kafka.readAll(DEAD_LETTERS)).length === 0) {
    if (Date.now() > endsAtMs) throw new Error("no dead letter came");
  }
}

/** Each place that has a secret: its base64, in either alphabet, its bytes, or their hexadecimal digits. */
function findSecrets(secrets: readonly string[], places: ReadonlyMap<string, string>): readonly string[] {
  return secrets.flatMap((secret, index) => {
    const encoded = secret.slice(Math.max(secret.indexOf("_"), secret.indexOf(":")) + 1);
    const bytes = Buffer.from(encoded, "base64");
    const forms = [
      encoded.replaceAll("=", ""),
      ...(["base64url", "hex", "latin1"] as const).map((as) => bytes.toString(as)),
    ];
    const found = [...places].filter(([, text]) => forms.some((form) => text.includes(form)));
    return found.map(([place]) => `${place} has secret ${index}`);
  });
}
