import { Readable } from "node:stream";
import {
  type AcceptedEvent,
  Attempt,
  Attempt_Verdict as Verdict,
  Delivery,
  Delivery_State as State,
} from "@postrider/contracts/postrider/v1/delivery";
import { Event } from "@postrider/contracts/postrider/v1/ingest";
import { startRpcServer } from "@postrider/kit-rpc";
import { expect, onTestFinished, test } from "vitest";
import { runCli } from "./create-cli.ts";
import type { Outcome } from "./testing/run-postrider.ts";
import { type LedgerContent, serveLedger } from "./testing/serve-ledger.ts";

const NOON = new Date("2030-01-31T12:00:00Z");
const NOTHING = new Uint8Array();

type Run = (...args: string[]) => Promise<Outcome>;

/** The command line against a ledger that runs apart. */
async function start(content: Partial<LedgerContent>): Promise<{ readonly run: Run; readonly asked: unknown[] }> {
  const ledger: LedgerContent = { accepted: [], deliveries: [], asked: [], ...content };
  const server = await startRpcServer({
    address: "127.0.0.1:0",
    maxMessageBytes: 1024 * 1024,
    services: [serveLedger(ledger)],
  });
  onTestFinished(async () => server.close(1000));
  const run: Run = async (...args) => {
    const printed = { stdout: "", stderr: "" };
    const exitCode = await runCli(args, {
      config: {
        address: "127.0.0.1:1",
        subscriptionAddress: undefined,
        ledgerAddress: server.address,
        ...{ secret: undefined, token: undefined, caPath: undefined, certPath: undefined, keyPath: undefined },
      },
      stdin: Readable.from([""]),
      stdout: { write: (text) => (printed.stdout += text) },
      stderr: { write: (text) => (printed.stderr += text) },
    });
    return { exitCode, ...printed };
  };
  return { run, asked: ledger.asked };
}

function accepted(id: string, data?: Event["data"]): AcceptedEvent {
  const event = {
    ...Event.decode(NOTHING),
    id,
    tenantId: "acme",
    type: "order_paid",
    source: "shop",
    time: NOON,
    data,
  };
  return { event, acceptTime: NOON, dataBytes: 7, dataTruncated: false };
}

function delivery(id: string, changes: Partial<Delivery> = {}): Delivery {
  return {
    ...Delivery.decode(NOTHING),
    ...{ id, eventId: "evt_1", tenantId: "acme", subscriptionId: "sub_1", eventType: "order_paid" },
    ...{ state: State.STATE_DELIVERED, attemptCount: 1, eventTime: NOON, acceptTime: NOON, ...changes },
  };
}

const failed: Attempt = {
  ...{ number: 1, startTime: NOON, duration: { seconds: 0n, nanos: 250_000_000 }, url: "http://127.0.0.1:3000/" },
  result: {
    $case: "response",
    value: {
      ...{ status: 503, acknowledged: false, bodyStart: Buffer.from("later\n\u001b[2J please") },
      retryAfter: { seconds: 5n, nanos: 0 },
    },
  },
  ...{ verdict: Verdict.VERDICT_RETRY, retryTime: new Date(NOON.getTime() + 5000), deadReason: "" },
};
const unreachable: Attempt = {
  ...failed,
  ...{
    number: 2,
    result: { $case: "unreachable", value: { reason: "tls", detail: "certificate_expired" } },
    verdict: Verdict.VERDICT_DEAD,
  },
  ...{ retryTime: undefined, deadReason: "exhausted" },
};

test("events list shows a table of the newest, over pages, up to the limit, by the filter", async () => {
  const events = [accepted("evt_3"), accepted("evt_2"), accepted("evt_1")];
  const { run, asked } = await start({ accepted: events });
  expect((await run("events", "list")).stdout).toBe(
    "ACCEPTED                  ID     TENANT  TYPE        BYTES\n" +
      "2030-01-31T12:00:00.000Z  evt_3  acme    order_paid  7\n" +
      "2030-01-31T12:00:00.000Z  evt_2  acme    order_paid  7\n" +
      "2030-01-31T12:00:00.000Z  evt_1  acme    order_paid  7\n",
  );
  asked.length = 0;
  const filter = [
    "--tenant",
    "acme",
    "--type",
    "order_paid",
    "--from",
    "2030-01-31T12:00:00Z",
    "--to",
    "2030-02-01T00:00:00Z",
  ];
  const { stdout } = await run("events", "list", ...filter, "--limit", "1", "--json");
  expect(JSON.parse(stdout)).toMatchObject({ id: "evt_3", acceptTime: NOON.toISOString(), dataBytes: 7 });
  expect(asked).toEqual([
    {
      ...{ tenantId: "acme", type: "order_paid", from: NOON, to: new Date("2030-02-01T00:00:00Z") },
      ...{ pageSize: 1, pageToken: "" },
    },
  ]);
});

test("events get shows the data, also what is no JSON", async () => {
  const { run } = await start({
    accepted: [
      accepted("evt_1", { $case: "jsonData", value: '{"a": 1}' }),
      accepted("evt_2", { $case: "binaryData", value: Buffer.from([0, 255]) }),
    ],
  });
  expect((await run("events", "get", "evt_1")).stdout).toMatch(/^id +evt_1\n[^]*data +\{"a": 1\}\n$/);
  expect(JSON.parse((await run("events", "get", "evt_1", "--json")).stdout)).toMatchObject({ data: { a: 1 } });
  expect(JSON.parse((await run("events", "get", "evt_2", "--json")).stdout)).toMatchObject({ dataBase64: "AP8=" });
  expect(await run("events", "get", "evt_9")).toMatchObject({
    ...{ exitCode: 1, stderr: 'error: there is no event "evt_9" (NOT_FOUND)\n' },
  });
});

test("deliveries list shows a table, and asks by the filter", async () => {
  const dead = delivery("dlv_2", { state: State.STATE_DEAD, deadReason: "gone" });
  const { run, asked } = await start({
    deliveries: [
      { delivery: dead, attempts: [] },
      { delivery: delivery("dlv_1"), attempts: [] },
    ],
  });
  const { stdout } = await run("deliveries", "list", "--subscription", "sub_1", "--state", "dead", "--event", "evt_1");
  expect(stdout).toMatch(
    /^ACCEPTED +ID +EVENT +SUBSCRIPTION +STATE +ATTEMPTS\n.* dlv_2 +evt_1 +sub_1 +DEAD \(gone\) +1\n/,
  );
  expect(asked).toMatchObject([{ subscriptionId: "sub_1", eventId: "evt_1", state: State.STATE_DEAD, pageSize: 50 }]);
  expect(await run("deliveries", "list", "--state", "lost")).toMatchObject({
    ...{ exitCode: 2, stderr: expect.stringContaining("It must be one of waiting, delivered, dead") as string },
  });
});

test("deliveries get shows every attempt, and what was answered can't move the cursor", async () => {
  const { run } = await start({ deliveries: [{ delivery: delivery("dlv_1"), attempts: [failed, unreachable] }] });
  const { stdout } = await run("deliveries", "get", "dlv_1");
  expect(stdout).toMatch(/^id +dlv_1\nevent +evt_1 \(order_paid\)\n/);
  expect(stdout).toContain("# ");
  expect(stdout).toMatch(
    /1 +2030-01-31T12:00:00.000Z +250ms +503 later \\u001b\[2J please +RETRY at 2030-01-31T12:00:05.000Z\n/,
  );
  expect(stdout).toMatch(/2 +.* +no answer: tls, certificate_expired +DEAD \(exhausted\)\n/);
  expect(JSON.parse((await run("deliveries", "get", "dlv_1", "--json")).stdout)).toMatchObject({
    state: "DELIVERED",
    attempts: [
      {
        number: 1,
        duration: "250ms",
        result: { status: 503, acknowledged: false, retryAfter: "5s" },
        verdict: "RETRY",
      },
      { number: 2, result: { unreachable: { reason: "tls", detail: "certificate_expired" } }, deadReason: "exhausted" },
    ],
  });
});

test("a ledger that is away is named", async () => {
  const { run } = await start({});
  const { exitCode, stderr } = await run("deliveries", "list", "--ledger-address", "127.0.0.1:2");
  expect([exitCode, stderr]).toEqual([3, expect.stringContaining("127.0.0.1:2")]);
});
