// The platform under test: apps/standalone in a process of its own with a fresh folder, and the catalog entry and
// subscription that the benchmark needs.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { EventTypeServiceClient } from "@postrider/contracts/postrider/v1/event_type";
import {
  PayloadFormat,
  SignatureKind,
  Subscription_Method,
  Subscription_State,
  SubscriptionServiceClient,
} from "@postrider/contracts/postrider/v1/subscription";
import { call } from "@postrider/kit-rpc";
import { root } from "../walls/workspace.ts";
import { createPayload, eventType, schema, tenantId } from "./payload.ts";

const readyTimeoutMs = 60_000;
const stopTimeoutMs = 15_000;
/** Enough to see why it ended. */
const keptLines = 40;

export interface Platform {
  readonly pid: number;
  readonly grpcAddress: string;
  /** From the start of the process to the line that says it is ready. */
  readonly readyMs: number;
  /** Asks it to end, then makes it, and removes its folder. */
  readonly stop: () => Promise<void>;
}

/** @throws with its last lines when it ends before it is ready, or isn't within a minute */
export async function startPlatform(): Promise<Platform> {
  const folder = mkdtempSync(join(tmpdir(), "postrider-bench-"));
  const [grpcAddress, adminAddress] = [await findFreeAddress(), await findFreeAddress()];
  const startedMs = performance.now();
  const child = spawn(process.execPath, readStartArguments(), {
    cwd: root,
    env: {
      PATH: process.env["PATH"],
      POSTRIDER_GRPC_ADDRESS: grpcAddress,
      POSTRIDER_ADMIN_ADDRESS: adminAddress,
      POSTRIDER_DATA_DIR: folder,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const cleanUp = (): void => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once("exit", cleanUp);
  await untilReady(child);
  const readyMs = performance.now() - startedMs;
  return {
    readyMs,
    pid: child.pid ?? 0,
    grpcAddress,
    stop: async () => {
      await end(child);
      process.removeListener("exit", cleanUp);
      cleanUp();
    },
  };
}

/** What `npm start` runs, flags and all: users get what is measured. */
function readStartArguments(): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: { start: string } };
  return scripts.start.split(" ").slice(1);
}

async function untilReady(child: ChildProcess): Promise<void> {
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const fail = (what: string): void => {
      clearTimeout(timer);
      reject(new Error(`standalone ${what}; its last lines:\n${lines.join("\n")}`));
    };
    const timer = setTimeout(fail, readyTimeoutMs, `was not ready within ${readyTimeoutMs} ms`);
    const read = (chunk: Buffer): void => {
      lines.push(...chunk.toString().trimEnd().split("\n"));
      lines.splice(0, lines.length - keptLines);
      if (!/\bready\b/.test(chunk.toString())) return;
      clearTimeout(timer);
      resolve();
    };
    // Read on after it is ready: a full pipe would stop it.
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("error", (error) => {
      fail(`did not start: ${error.message}`);
    });
    child.once("exit", (code, signal) => {
      fail(`ended with ${signal ?? `exit ${code ?? "?"}`}`);
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
  child.kill("SIGTERM");
  await ended;
  clearTimeout(timer);
}

/** One event type, and one subscription of the receiver to it. */
export async function prepareCatalog(grpcAddress: string, callbackUrl: string): Promise<void> {
  const deadline = new Date(Date.now() + 20_000);
  const eventTypes = new EventTypeServiceClient(grpcAddress, credentials.createInsecure());
  const subscriptions = new SubscriptionServiceClient(grpcAddress, credentials.createInsecure());
  try {
    await call(eventTypes.createEventType.bind(eventTypes), { eventType: createEventType() }, { deadline });
    const subscription = createSubscription(callbackUrl);
    await call(subscriptions.createSubscription.bind(subscriptions), { subscription }, { deadline });
  } finally {
    eventTypes.close();
    subscriptions.close();
  }
}

type EventType = NonNullable<Parameters<EventTypeServiceClient["createEventType"]>[0]["eventType"]>;
type Subscription = NonNullable<Parameters<SubscriptionServiceClient["createSubscription"]>[0]["subscription"]>;

function createEventType(): EventType {
  return {
    name: eventType,
    description: "An order was paid.",
    schema,
    examples: [{ name: "typical", data: createPayload() }],
    acknowledgement: "200",
    deprecated: false,
    version: 0,
    createTime: undefined,
    updateTime: undefined,
  };
}

function createSubscription(callbackUrl: string): Subscription {
  return {
    id: "",
    tenantId,
    callbackUrl,
    eventTypes: [eventType],
    description: "The benchmark's receiver",
    state: Subscription_State.STATE_UNSPECIFIED,
    disabledReason: "",
    method: Subscription_Method.METHOD_POST,
    payloadFormat: PayloadFormat.PAYLOAD_FORMAT_STANDARD,
    headers: {},
    signature: SignatureKind.SIGNATURE_KIND_HMAC_SHA256,
    acknowledgement: undefined,
    retryPolicy: undefined,
    limits: undefined,
    secret: "",
    createTime: undefined,
    updateTime: undefined,
  };
}

async function findFreeAddress(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port on 127.0.0.1");
  return `127.0.0.1:${address.port}`;
}
