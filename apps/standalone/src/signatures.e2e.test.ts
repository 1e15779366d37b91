import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { SignatureKind, type Subscription } from "@postrider/contracts/postrider/v1/subscription";
import { type ReceivedRequest, startReceiver, watchProcess } from "@postrider/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { npmLibrary, prepareOpenssl, preparePythonLibrary, type Verifier } from "./testing/independent-verifiers.ts";
import { connectPlatform, type PlatformClient } from "./testing/platform-client.ts";
import { createDataDir, type PlatformProcess, startPlatform } from "./testing/platform-process.ts";

const CLI = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));
const ED25519 = SignatureKind.SIGNATURE_KIND_ED25519;
const HMAC = SignatureKind.SIGNATURE_KIND_HMAC_SHA256;
const OVERLAP_MS = 3000;
/** A change is in force within a second. */
const IN_FORCE_MS = 1000;

const python = await prepareVerifier(preparePythonLibrary);
const openssl = await prepareVerifier(prepareOpenssl);
/** Each that knows the scheme. */
const ofSecrets = [npmLibrary, python, openssl].filter((each) => each !== undefined);
const ofPublicKeys = [openssl].filter((each) => each !== undefined);

const { dataDir, remove } = createDataDir();
let platform: PlatformProcess;
let client: PlatformClient;

beforeAll(async () => {
  platform = await startPlatform({ dataDir });
  client = connectPlatform(platform.grpcAddress);
  await client.createEventType("order_paid");
});

afterAll(async () => {
  client.close();
  expect(await platform.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  remove();
});

test("v1 deliveries, whatever their body, are taken by the public libraries and by openssl, and by no other key", async () => {
  const receiver = await startReceiver();
  const { secret } = await client.createSubscription({ tenantId: "v1", url: receiver.url });
  const requests = await publishMany("v1", receiver);
  for (const verifier of ofSecrets) {
    expect(await verifier.verify(requests, secret), verifier.name).toEqual(requests.map(() => true));
    expect(await verifier.verify(requests, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), verifier.name).toEqual(
      requests.map(() => false),
    );
  }
  await receiver.close();
});

test("v1a deliveries are taken by openssl with the public key that the tenant reads, and by no other key", async () => {
  const receiver = await startReceiver();
  const { id, secret } = await client.createSubscription({
    ...{ tenantId: "v1a", url: receiver.url },
    more: { signature: ED25519 },
  });
  expect(secret).toBe("");
  const publicKey = publicKeyOf(await client.getSubscription(id));
  const requests = await publishMany("v1a", receiver);
  for (const verifier of ofPublicKeys) {
    expect(await verifier.verify(requests, publicKey), verifier.name).toEqual(requests.map(() => true));
    const stranger = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
    expect(await verifier.verify(requests, stranger), verifier.name).toEqual(requests.map(() => false));
  }
  await receiver.close();
});

test("the command line's receiver takes v1a deliveries of a subscription that it made", async () => {
  const receive = ["receive", "--create", "--tenant", "cli", "--events", "*", "--signature", "ed25519"];
  const child = spawn(process.execPath, [CLI, ...receive, "--port", "0", "--count", "1"], {
    env: { ...process.env, POSTRIDER_GRPC_ADDRESS: platform.grpcAddress },
  });
  const watched = watchProcess(child, { name: "postrider receive" });
  await watched.untilPrinted(/^ready (\S+)/m, 30_000);
  await client.publish({ tenantId: "cli", json: { n: 1 } });
  expect(await watched.untilEnded(30_000)).toEqual({ code: 0, signal: null });
  expect(watched.output()).toMatch(/#1 order_paid evt_\w+ {2}verified, answered 200/);
});

test.each([
  ["to another secret", HMAC, HMAC],
  ["from a secret to a pair", HMAC, ED25519],
  ["from a pair to a secret", ED25519, HMAC],
  ["to another pair", ED25519, ED25519],
])("a rotation %s loses no verification on either side of the switch", async (_, from, to) => {
  const tenantId = `rotates-${from}-${to}`;
  const receiver = await startReceiver();
  const created = await client.createSubscription({ tenantId, url: receiver.url, more: { signature: from } });
  const oldKey = from === ED25519 ? publicKeyOf(created) : created.secret;
  await publishUntil(tenantId, (requests) => requests.length >= 3);

  const rotated = await client.rotateSecret({ id: created.id, overlapMs: OVERLAP_MS, signature: to });
  const switchedAtMs = Date.now();
  const newKey = to === ED25519 ? publicKeyOf(rotated) : rotated.secret;
  const expiresAtMs = (rotated.updateTime?.getTime() ?? 0) + OVERLAP_MS;
  // Past the end of the old key: the last ones carry the new one only.
  await publishUntil(tenantId, (requests) => requests.filter((each) => attemptedAtMs(each) > expiresAtMs).length >= 3);
  await receiver.close();

  const all = receiver.requests;
  const untilExpiry = all.filter((each) => attemptedAtMs(each) + 1000 <= expiresAtMs);
  const sinceInForce = all.filter((each) => attemptedAtMs(each) >= switchedAtMs + IN_FORCE_MS);
  const during = untilExpiry.filter((each) => sinceInForce.includes(each));
  const afterwards = all.filter((each) => attemptedAtMs(each) > expiresAtMs);
  expect(Math.min(untilExpiry.length, during.length, afterwards.length)).toBeGreaterThanOrEqual(3);
  for (const request of during) expect(tokensOf(request)).toHaveLength(2);
  for (const request of afterwards) expect(tokensOf(request)).toHaveLength(1);
  await expectTaken(untilExpiry, oldKey);
  await expectTaken(sinceInForce, newKey);
  await expectTaken(afterwards, oldKey, false);

  /** One after the other, so that they spread over the time. */
  async function publishUntil(
    tenant: string,
    isEnough: (requests: readonly ReceivedRequest[]) => boolean,
  ): Promise<void> {
    while (!isEnough(receiver.requests)) {
      const count = receiver.requests.length;
      await client.publish({ tenantId: tenant, json: { n: count } });
      await receiver.waitFor(count + 1);
    }
  }
});

async function expectTaken(requests: readonly ReceivedRequest[], key: string, isTaken = true): Promise<void> {
  // Each openssl is a process: a few of each phase, the first and the last among them, tell as much.
  const some = requests.filter((_, index) => index < 3 || index >= requests.length - 3 || index % 50 === 0);
  for (const verifier of key.startsWith("whpk_") ? ofPublicKeys : ofSecrets) {
    const judged = verifier === openssl ? some : requests;
    expect(await verifier.verify(judged, key), verifier.name).toEqual(judged.map(() => isTaken));
  }
}

/** Deliveries of bodies with all that a serialiser could have changed. */
async function publishMany(
  tenantId: string,
  receiver: Awaited<ReturnType<typeof startReceiver>>,
): Promise<readonly ReceivedRequest[]> {
  const texts = [
    "{}",
    '{"a" :  1.0}',
    '{"b":"naïve 😀 \\u0041"}',
    '{"z":1,"a":[1e2,null]}',
    `{"long":"${"x".repeat(9000)}"}`,
  ];
  for (const value of texts) await client.publish({ tenantId, data: { $case: "jsonData", value } });
  return await receiver.waitFor(texts.length);
}

/** To the second, as it is signed. */
function attemptedAtMs({ headers }: ReceivedRequest): number {
  return Number(headers["webhook-timestamp"]) * 1000;
}

function tokensOf({ headers }: ReceivedRequest): readonly string[] {
  return String(headers["webhook-signature"]).split(" ");
}

function publicKeyOf(subscription: Subscription | undefined): string {
  return subscription?.publicKeys[0]?.key ?? "";
}

/** Undefined, with a line that says why, where a tool is missing; in CI that is an error. */
async function prepareVerifier(prepare: () => Promise<Verifier>): Promise<Verifier | undefined> {
  try {
    return await prepare();
  } catch (error) {
    if (process.env["CI"] === "true" || !(error instanceof Error)) throw error;
    console.warn(`deliveries are verified with less: ${error.message}`);
    return undefined;
  }
}
