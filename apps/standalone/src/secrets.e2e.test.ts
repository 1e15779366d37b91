import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { credentials } from "@grpc/grpc-js";
import { SubscriptionServiceClient } from "@postrider/contracts/postrider/v1/subscription";
import { call, readErrorDetails } from "@postrider/kit-rpc";
import { createMasterKey } from "@postrider/kit-secrets";
import { startReceiver } from "@postrider/testing";
import { Webhook } from "standardwebhooks";
import { expect, onTestFinished, test } from "vitest";
import { connectPlatform } from "./testing/platform-client.ts";
import { createDataDir, type PlatformProcess, startPlatform } from "./testing/platform-process.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
/** Of Svix's server's tests. */
const PAIR = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";

test("no secret is in a log, a metric, an error, the history, or a byte of the database", async () => {
  const { dataDir, remove } = createDataDir();
  onTestFinished(remove);
  const masterKey = createMasterKey(randomBytes, "main");
  const environment = { POSTRIDER_MASTER_KEYS: masterKey, POSTRIDER_LOG_LEVEL: "debug" };
  const platform = await startPlatform({ dataDir, environment });
  const client = connectPlatform(platform.grpcAddress);
  const subscriptions = new SubscriptionServiceClient(platform.grpcAddress, credentials.createInsecure());
  const deadline = { deadline: new Date(Date.now() + 30_000) };
  const receiver = await startReceiver({ answer: [{ status: 500 }, { status: 200 }] });
  await client.createEventType("order_paid");

  const given = `whsec_${randomBytes(32).toString("base64")}`;
  const first = await client.createSubscription({ url: receiver.url, retryDelaysMs: [50], more: { secret: given } });
  const second = await client.rotateSecret({ id: first.id });
  const toPair = { id: first.id, overlap: undefined, signature: 2, secret: PAIR } as const;
  await call(subscriptions.rotateSecret.bind(subscriptions), toPair, deadline);
  const { eventId } = await client.publish({ json: { n: 1 } });
  const [, retried] = await receiver.waitFor(2);
  expect(retried?.headers["webhook-id"]).toBe(eventId);
  expect(String(retried?.headers["webhook-signature"]).split(" ")).toHaveLength(3);

  // Secrets with a typing error, in every place where one may stand.
  const errors: string[] = [];
  for (const secret of [`${given}=`, ` ${given}`, PAIR.slice(0, -2), `h${given}`, PAIR.replace("whsk_", "whpk_")]) {
    const rotating = call(subscriptions.rotateSecret.bind(subscriptions), { ...toPair, secret }, deadline);
    const creating = client.createSubscription({ url: receiver.url, more: { secret } });
    errors.push(...(await Promise.all([rotating, creating].map(describeFailure))));
  }
  expect(errors.filter((each) => each.includes("INVALID_ARGUMENT"))).toHaveLength(10);
  const { entries } = await call(subscriptions.listSubscriptionHistory.bind(subscriptions), { id: first.id }, deadline);
  const got = await call(subscriptions.getSubscription.bind(subscriptions), { id: first.id }, deadline);
  const list = { tenantId: "", pageSize: 0, pageToken: "" };
  const listed = await call(subscriptions.listSubscriptions.bind(subscriptions), list, deadline);
  const usage = await call(subscriptions.getMasterKeyUsage.bind(subscriptions), {}, deadline);
  const metrics = await (await fetch(`http://${platform.adminAddress}/metrics`)).text();
  // While it runs, so that the write-ahead log is among them.
  const running = readFiles(dataDir);
  expect([...running.keys()].some((name) => name.endsWith("-wal"))).toBe(true);
  client.close();
  subscriptions.close();
  expect(await platform.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  await receiver.close();

  const toText = (value: unknown): string =>
    JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? String(each) : each));
  const places = new Map<string, Buffer>([
    ["its output", Buffer.from(platform.output())],
    ["errors", Buffer.from(errors.join("\n"))],
    ["answers", Buffer.from(toText([entries, got, listed, usage]))],
    ["metrics", Buffer.from(metrics)],
    ...running,
    ...readFiles(dataDir),
  ]);
  expect(platform.output()).toContain("attempt failed");
  const secrets = [given, second.secret, PAIR, masterKey];
  expect(findSecrets(secrets, places)).toEqual([]);
  // What this test would find.
  expect(findSecrets([given], new Map([["x", Buffer.from(`a ${given.slice(6)} b`)]]))).toEqual(["x has secret 0"]);
});

test("the first start makes a master key for its owner alone; without it, or with another, there is no next start", async () => {
  const { dataDir, remove } = createDataDir();
  onTestFinished(remove);
  const receiver = await startReceiver();
  const platform = await startPlatform({ dataDir });
  const client = connectPlatform(platform.grpcAddress);
  await client.createEventType("order_paid");
  const { secret } = await client.createSubscription({ url: receiver.url });
  client.close();
  await platform.stop("SIGTERM");
  const file = join(dataDir, "master-keys");
  const key = readFileSync(file, "utf8");
  if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600);

  rmSync(file);
  expect(await failToStart(dataDir)).toMatch(
    /master-keys is missing, and the database was written with master keys: key-/,
  );
  expect(readdirSync(dataDir)).not.toContain("master-keys");
  const other = { POSTRIDER_MASTER_KEYS: createMasterKey(randomBytes, "other") };
  expect(await failToStart(dataDir, other)).toMatch(/master keys that are not set: 1 under key-\w+\. Set are: other\./);
  const id = /^(key-\w+):/m.exec(key)?.[1] ?? "";
  writeFileSync(file, createMasterKey(randomBytes, id));
  expect(await failToStart(dataDir)).toContain(`master key ${id} is not the one that was used with this database`);
  writeFileSync(file, key.slice(0, -5));
  expect(await failToStart(dataDir)).toMatch(
    /master-keys should have one id:key a line: entry 1 \(key-\w+\) has a key of 30 bytes/,
  );

  // Put back, elsewhere.
  const elsewhere = join(dataDir, "elsewhere");
  mkdirSync(elsewhere);
  rmSync(file);
  writeFileSync(join(elsewhere, "keys"), key);
  const again = await startPlatform({
    dataDir,
    environment: { POSTRIDER_MASTER_KEYS_FILE: join(elsewhere, "keys") },
  });
  await expectSigned(again, { receiver, secret });
  await again.stop("SIGTERM");
  await receiver.close();
});

test("the master key is changed by the command line, over restarts, and the old one is given up", async () => {
  const { dataDir, remove } = createDataDir();
  onTestFinished(remove);
  const receiver = await startReceiver();
  const [old, next] = [await postrider({}, "secrets", "new-key", "--id", "old"), createMasterKey(randomBytes, "next")];
  const start = async (...keys: readonly string[]): Promise<PlatformProcess> =>
    await startPlatform({ dataDir, environment: { POSTRIDER_MASTER_KEYS: keys.join(",") } });

  const before = await start(old);
  const client = connectPlatform(before.grpcAddress);
  await client.createEventType("order_paid");
  const { secret } = await client.createSubscription({ url: receiver.url });
  client.close();
  await before.stop("SIGTERM");

  for (const keys of [
    [old, next],
    [next, old],
  ]) {
    const platform = await start(...keys);
    await expectSigned(platform, { receiver, secret });
    await platform.stop("SIGTERM");
  }
  const platform = await start(next, old);
  const at = { POSTRIDER_GRPC_ADDRESS: platform.grpcAddress };
  expect(await postrider(at, "secrets", "status")).toMatch(/next +0 +encrypts\nold +1 +decrypts$/);
  expect(await postrider(at, "secrets", "rewrap")).toBe("1 secrets moved to master key next");
  expect(JSON.parse(await postrider(at, "secrets", "rewrap", "--json"))).toEqual({
    rewrapped: 0,
    currentKeyId: "next",
    unreadableSubscriptions: [],
  });
  expect(JSON.parse(await postrider(at, "secrets", "status", "--json"))).toEqual({
    currentKeyId: "next",
    keys: [
      { id: "next", secrets: 1, known: true },
      { id: "old", secrets: 0, known: true },
    ],
  });
  await platform.stop("SIGTERM");
  const after = await start(next);
  await expectSigned(after, { receiver, secret });
  await after.stop("SIGTERM");
  await receiver.close();
});

/** An event arrives, signed with the secret. */
async function expectSigned(
  platform: PlatformProcess,
  { receiver, secret }: { receiver: Awaited<ReturnType<typeof startReceiver>>; secret: string },
): Promise<void> {
  const client = connectPlatform(platform.grpcAddress);
  const count = receiver.requests.length;
  await client.publish({ json: { n: 1 } });
  const request = (await receiver.waitFor(count + 1)).at(-1);
  new Webhook(secret).verify(request?.body ?? "", request?.headers as Record<string, string>);
  client.close();
}

/** What a platform says that ends at its start. */
async function failToStart(dataDir: string, environment: Readonly<Record<string, string>> = {}): Promise<string> {
  const own = {
    POSTRIDER_DATA_DIR: dataDir,
    POSTRIDER_GRPC_ADDRESS: "127.0.0.1:0",
    POSTRIDER_ADMIN_ADDRESS: "127.0.0.1:0",
  };
  const child = spawn(process.execPath, [MAIN], { env: { ...process.env, ...own, ...environment } });
  const [said, printed] = await Promise.all([text(child.stderr), text(child.stdout), once(child, "exit")]);
  expect(child.exitCode).toBe(1);
  expect(printed).not.toContain("ready");
  return said;
}

async function postrider(environment: Readonly<Record<string, string>>, ...words: string[]): Promise<string> {
  const env = { ...process.env, ...environment };
  const { stdout } = await promisify(execFile)(process.execPath, [`${ROOT}apps/cli/src/main.ts`, ...words], { env });
  return stdout.trim();
}

/** Everything that the caller was told of a call that fails. */
async function describeFailure(failing: Promise<unknown>): Promise<string> {
  try {
    await failing;
  } catch (error) {
    return JSON.stringify([readErrorDetails(error), String(error), error]);
  }
  throw new Error("the call succeeded");
}

function readFiles(folder: string): ReadonlyMap<string, Buffer> {
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}

/** Each place that has a secret in one of the forms that it could have: its base64, with either alphabet, its bytes, hex. */
function findSecrets(secrets: readonly string[], places: ReadonlyMap<string, Buffer>): readonly string[] {
  return secrets.flatMap((secret, index) => {
    const encoded = secret.slice(Math.max(secret.indexOf("_"), secret.indexOf(":")) + 1);
    const bytes = Buffer.from(encoded, "base64");
    const forms = [encoded.replaceAll("=", ""), bytes.toString("base64url"), bytes, bytes.toString("hex")];
    // Of a pair, its private half alone too.
    if (bytes.length === 64) forms.push(bytes.subarray(0, 32));
    const found = [...places].filter(([, content]) => forms.some((form) => content.includes(form)));
    return found.map(([place]) => `${place} has secret ${index}`);
  });
}
