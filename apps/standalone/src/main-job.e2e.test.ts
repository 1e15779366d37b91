import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { credentials, loadPackageDefinition, type ServiceError } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { createWatchers, startReceiver } from "@postrider/testing";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDataDir, type PlatformProcess, startPlatform } from "./testing/platform-process.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const { dataDir, remove } = createDataDir();
let platform: PlatformProcess;

beforeAll(async () => {
  platform = await startPlatform({ dataDir });
  await postrider("catalog", "apply", "-f", "examples/catalog.yaml");
});

afterAll(async () => {
  expect(await platform.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  remove();
});

/** Runs the command line as its users do, in a process of its own. */
async function postrider(...words: string[]): Promise<string> {
  const environment = { ...process.env, POSTRIDER_GRPC_ADDRESS: platform.grpcAddress };
  const { stdout } = await promisify(execFile)(process.execPath, [`${ROOT}apps/cli/src/main.ts`, ...words], {
    cwd: ROOT,
    env: environment,
  });
  return stdout.trim();
}

async function subscribe(tenant: string, url: string): Promise<string> {
  return postrider("subscriptions", "create", "--tenant", tenant, "--url", url, "--events", "*", "--print-secret");
}

/** A caller that shares nothing with the project but the .proto files. */
async function publishFromOutside(event: object): Promise<{ eventId: string }> {
  const definition = loadSync("postrider/v1/ingest.proto", { includeDirs: [`${ROOT}proto`] });
  const loaded = loadPackageDefinition(definition) as unknown as {
    postrider: { v1: { IngestService: new (address: string, credentials: unknown) => OutsideClient } };
  };
  const client = new loaded.postrider.v1.IngestService(platform.grpcAddress, credentials.createInsecure());
  return new Promise((resolve, reject) => {
    client.Publish({ event }, (error, response) => {
      client.close();
      if (error) reject(error);
      else resolve(response);
    });
  });
}

interface OutsideClient {
  readonly Publish: (
    request: object,
    callback: (error: ServiceError | null, response: { eventId: string }) => void,
  ) => void;
  readonly close: () => void;
}

const ORDER = { order_id: "o_outside", user_id: "u_1", amount: 1299, currency: "EUR" };

test("an event published by gRPC from outside arrives signed, byte for byte", async () => {
  const receiver = await startReceiver();
  const secret = await subscribe("outside", receiver.url);
  // Spaces that no serialiser would write: data is carried as it came.
  const data = JSON.stringify(ORDER).replaceAll(":", " :  ");
  const { eventId } = await publishFromOutside({ tenantId: "outside", type: "order_paid", jsonData: data });
  const [request] = await receiver.waitFor(1);

  expect(request?.body.toString()).toContain(`"data":${data}}`);
  expect(request?.headers["webhook-id"]).toBe(eventId);
  expect(request?.headers["content-type"]).toBe("application/json");
  expect(request?.headers["user-agent"]).toMatch(/^Postrider\/\d/);
  expect(request?.headers["traceparent"]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
  const verified = new Webhook(secret).verify(request?.body ?? "", request?.headers as Record<string, string>);
  expect(verified).toMatchObject({ type: "order_paid", data: ORDER });
  const tampered = Buffer.from(request?.body.toString().replace("1299", "1") ?? "");
  expect(() => new Webhook(secret).verify(tampered, request?.headers as Record<string, string>)).toThrow();
  await receiver.close();
});

test("an event published by the command line reaches the example receivers, which verify and acknowledge it", async () => {
  const receivers = [await startExample("node", "node/server.ts"), await startExample("flask", "flask/app.py")];
  for (const { tenant, port, start } of receivers) {
    const secret = await subscribe(tenant, `http://127.0.0.1:${port}/webhooks`);
    const receiver = await start(secret);
    const data = JSON.stringify({ ...ORDER, order_id: `o_${tenant}` });
    const published = await postrider("publish", "order_paid", "--tenant", tenant, "--data", data, "--json");
    expect(JSON.parse(published)).toHaveProperty("eventId");
    await receiver.waitForOutput(`o_${tenant}`);
    await receiver.stop();
  }
  const metrics = await (await fetch(`http://${platform.adminAddress}/metrics`)).text();
  expect(metrics).toContain('postrider_attempts_total{result="2xx"}');
  expect(metrics).not.toContain('postrider_attempts_total{result="4xx"}');
});

interface Example {
  readonly tenant: string;
  readonly port: number;
  readonly start: (secret: string) => Promise<RunningExample>;
}

interface RunningExample {
  readonly waitForOutput: (text: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

async function startExample(tenant: string, script: string): Promise<Example> {
  const command = script.endsWith(".py") ? await preparePython() : process.execPath;
  // The port is taken and given back: the secret exists only once the URL is known.
  const probe = await startReceiver();
  const { port } = probe;
  await probe.close();
  return { tenant, port, start: async (secret) => runExample(command, { script, port, secret }) };
}

async function preparePython(): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [`${ROOT}examples/receivers/flask/prepare.mjs`]);
  return stdout.trim();
}

async function runExample(
  command: string,
  { script, port, secret }: { script: string; port: number; secret: string },
): Promise<RunningExample> {
  const env = { ...process.env, PORT: String(port), WEBHOOK_SECRET: secret };
  const child: ChildProcess = spawn(command, [`${ROOT}examples/receivers/${script}`], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const watchers = createWatchers();
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      watchers.changed();
    });
  }
  const waitForOutput = async (text: string): Promise<void> =>
    watchers.waitUntil(
      () => output.includes(text),
      () => `${script} did not print ${text}: ${output}`,
      30_000,
    );
  await waitForOutput("ready ");
  return {
    waitForOutput,
    stop: async () => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}
