import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { prepareFlask } from "./flask/prepare.mjs";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const EVENTS = {
  user_registered: { user_id: "u_1", email: "ada@example.com", registered_at: "2030-03-01T09:30:00Z" },
  order_paid: { order_id: "o_1", user_id: "u_1", amount: 1299, currency: "EUR" },
  message_sent: { message_id: "m_1", conversation_id: "c_1" },
};

/** One receiver in a process of its own. */
interface Receiver {
  readonly url: string;
  /** What it printed for the requests that were answered so far. */
  readonly linesSoFar: () => Promise<readonly string[]>;
  readonly stop: () => Promise<void>;
}

const python = await findPython();

describe.each([
  { name: "node", command: process.execPath, script: "node/server.ts" },
  { name: "express", command: process.execPath, script: "express/server.ts" },
  { name: "flask", command: python, script: "flask/app.py" },
])("the $name receiver", ({ command, script }) => {
  let receiver: Receiver | undefined;

  function url(): string {
    if (!receiver) throw new Error("not started");
    return receiver.url;
  }

  async function linesWith(text: string): Promise<readonly string[]> {
    return (await receiver?.linesSoFar())?.filter((line) => line.includes(text)) ?? [];
  }

  if (command === undefined) {
    test.skip("needs Python");
    return;
  }

  beforeAll(async () => {
    receiver = await start(command, script);
  }, 30_000);

  afterAll(async () => {
    await receiver?.stop();
  });

  test.each(Object.entries(EVENTS))("acknowledges a signed %s", async (type, data) => {
    const { status, body } = await post(url(), sign(`msg_signed_${type}`, { type, data }));
    expect({ status, body }).toEqual({
      status: 200,
      body: { status: "success", message: expect.any(String) as string },
    });
    expect(await linesWith(String(Object.values(data)[0]))).toHaveLength(1);
  });

  test("handles a repeated id once and acknowledges it again", async () => {
    const data = { ...EVENTS.order_paid, order_id: "o_repeated" };
    const webhook = sign("msg_repeated", { type: "order_paid", data });
    expect((await post(url(), webhook)).status).toBe(200);
    expect(await post(url(), webhook)).toMatchObject({
      status: 200,
      body: { message: "msg_repeated was handled before" },
    });
    expect(await linesWith("o_repeated")).toHaveLength(1);
  });

  test("refuses a tampered body and handles nothing", async () => {
    const webhook = sign("msg_tampered", {
      type: "order_paid",
      data: { ...EVENTS.order_paid, order_id: "o_tampered" },
    });
    const { status, body } = await post(url(), { ...webhook, body: webhook.body.replace("1299", "1") });
    expect({ status, body }).toEqual({ status: 400, body: { status: "error", message: expect.any(String) as string } });
    expect(await linesWith("o_tampered")).toHaveLength(0);
  });

  test("refuses signatures that are missing, of an unknown kind, or malformed", async () => {
    const webhook = sign("msg_malformed", { type: "order_paid", data: EVENTS.order_paid });
    for (const signature of ["", "v2,AAAA", "garbage", "v1,%%%"]) {
      const headers = { ...webhook.headers, "webhook-signature": signature };
      expect((await post(url(), { ...webhook, headers })).status, signature).toBe(400);
    }
  });

  test("accepts one good signature among those of a rotation", async () => {
    const webhook = sign("msg_rotated", { type: "message_sent", data: EVENTS.message_sent });
    const signatures = `v1,${Buffer.alloc(32).toString("base64")} ${webhook.headers["webhook-signature"]}`;
    const headers = { ...webhook.headers, "webhook-signature": signatures };
    expect((await post(url(), { ...webhook, headers })).status).toBe(200);
  });

  test("sends a challenge back, if it is signed", async () => {
    const question = signBody("ver_1", '{"type":"url_verification","challenge":"c 1"}');
    expect(await post(url(), question)).toEqual({ status: 200, body: { challenge: "c 1" } });
    const forged = { ...question, headers: { ...question.headers, "webhook-id": "ver_2" } };
    expect((await post(url(), forged)).status).toBe(400);
  });

  test("ignores a type that it does not know, with success", async () => {
    const { status, body } = await post(url(), sign("msg_unknown", { type: "moon_landed", data: {} }));
    expect({ status, body }).toEqual({ status: 200, body: { status: "success", message: "ignored moon_landed" } });
  });

  test("asks for another attempt when handling fails, and handles that one", async () => {
    const broken = sign("msg_failed", { type: "order_paid", data: null });
    expect((await post(url(), broken)).status).toBe(500);
    const data = { ...EVENTS.order_paid, order_id: "o_again" };
    expect((await post(url(), sign("msg_failed", { type: "order_paid", data }))).status).toBe(200);
    expect(await linesWith("o_again")).toHaveLength(1);
  });
});

test("the TypeScript receivers exit with a message when the secret is missing", async () => {
  for (const script of ["node/server.ts", "express/server.ts"]) {
    const child = spawn(process.execPath, [pathOf(script)], { env: { ...process.env, WEBHOOK_SECRET: "" } });
    const [message] = (await once(child.stderr, "data")) as [Buffer];
    expect(message.toString()).toContain("WEBHOOK_SECRET is missing");
    if (child.exitCode === null) await once(child, "exit");
    expect(child.exitCode).toBe(2);
  }
});

/** Undefined, with a line that says why, where there is no Python; in CI that is an error. */
async function findPython(): Promise<string | undefined> {
  try {
    return await prepareFlask();
  } catch (error) {
    if (process.env["CI"] === "true" || !(error instanceof Error)) throw error;
    console.warn(`the flask receiver is not tested: ${error.message}`);
    return undefined;
  }
}

async function start(command: string, script: string): Promise<Receiver> {
  const child: ChildProcess = spawn(command, [pathOf(script)], {
    env: { ...process.env, WEBHOOK_SECRET: SECRET, PORT: "0" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  if (!child.stdout) throw new Error("no output to read");
  const output = createInterface(child.stdout);
  const lines: string[] = [];
  const { promise: ready, resolve, reject } = Promise.withResolvers<string>();
  child.once("exit", (code) => {
    reject(new Error(`${script} ended with ${code ?? "a signal"} before it was ready`));
  });
  output.on("line", (line) => {
    if (line.startsWith("ready ")) resolve(line.slice("ready ".length));
    else lines.push(line);
  });
  const url = await ready;

  /** Output and answers come by different ways: once a marker that was sent last is seen, so is all before it. */
  async function linesSoFar(): Promise<readonly string[]> {
    const marker = `m_marker_${lines.length}`;
    const data = { ...EVENTS.message_sent, message_id: marker };
    const seen = new Promise<void>((done) => {
      output.on("line", (line) => {
        if (line.includes(marker)) done();
      });
    });
    await post(url, sign(marker, { type: "message_sent", data }));
    await seen;
    return lines.filter((line) => !line.includes("m_marker_"));
  }

  return {
    url,
    linesSoFar,
    stop: async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}

function pathOf(script: string): string {
  return fileURLToPath(new URL(script, import.meta.url));
}

interface Signed {
  readonly body: string;
  readonly headers: Readonly<Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string>>;
}

function sign(id: string, { type, data }: { type: string; data: unknown }): Signed {
  const timestamp = new Date().toISOString();
  // Spaces that no serialiser would write: a receiver that parses and prints again fails.
  return signBody(
    id,
    `{ "type": ${JSON.stringify(type)},  "timestamp": "${timestamp}", "data": ${JSON.stringify(data)} }`,
  );
}

function signBody(id: string, body: string): Signed {
  const now = new Date();
  return {
    body,
    headers: {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
      "webhook-signature": new Webhook(SECRET).sign(id, now, body),
    },
  };
}

async function post(url: string, { body, headers }: Signed): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  });
  return { status: response.status, body: await response.json() };
}
