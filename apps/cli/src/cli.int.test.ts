import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import {
  Acknowledgement_Rule,
  PayloadFormat,
  Subscription_Method,
} from "@postrider/contracts/postrider/v1/subscription";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { CliConfig } from "./config.ts";
import { runCli } from "./create-cli.ts";
import {
  type InMemoryPlatform,
  PUBLIC_KEY,
  ROTATED_SECRET,
  SECRET,
  startInMemoryPlatform,
} from "./testing/in-memory-platform.ts";
import { type Outcome, runPostrider } from "./testing/run-postrider.ts";

const EXAMPLE_CATALOG = fileURLToPath(new URL("../../../examples/catalog.yaml", import.meta.url));

let platform: InMemoryPlatform;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "postrider-cli-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  platform = await startInMemoryPlatform();
});
afterEach(async () => {
  await platform.stop();
});

/** In this process, over a real connection: starting a process costs more than all that is tested here. */
async function run(
  args: readonly string[],
  options: {
    address?: string;
    subscriptionAddress?: string;
    input?: string | Buffer;
    config?: Partial<CliConfig>;
  } = {},
): Promise<Outcome> {
  const printed = { stdout: "", stderr: "" };
  const exitCode = await runCli(args, {
    config: {
      address: options.address ?? platform.address,
      subscriptionAddress: options.subscriptionAddress,
      ledgerAddress: undefined,
      secret: undefined,
      ...{ token: undefined, caPath: undefined, certPath: undefined, keyPath: undefined, ...options.config },
    },
    stdin: Readable.from([options.input ?? ""]),
    stdout: { write: (text) => (printed.stdout += text) },
    stderr: { write: (text) => (printed.stderr += text) },
  });
  return { exitCode, ...printed };
}

async function runJson(...args: string[]): Promise<unknown[]> {
  const { exitCode, stdout, stderr } = await run([...args, "--json"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const CREATE = ["subscriptions", "create", "--tenant", "acme", "--url", "http://127.0.0.1:3000/"];

describe("the process", () => {
  async function start(args: readonly string[], input = ""): Promise<Outcome> {
    return await runPostrider(args, { address: platform.address, input });
  }

  test("takes standard input and the address from the environment, and ends with 0", async () => {
    const args = ["publish", "order_paid", "--tenant", "acme", "--data", "-", "--json"];
    const { exitCode, stdout, stderr } = await start(args, '{"order_id":"o_1"}');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual({ eventId: "evt_1", acceptedAt: "2030-01-31T12:00:00.000Z" });
    expect(platform.events[0]?.data?.value).toBe('{"order_id":"o_1"}');
  });

  test("ends with 1 when the platform refuses, with 2 on wrong use", async () => {
    const refused = await start(["subscriptions", "pause", "sub_none"]);
    expect(refused).toEqual({ exitCode: 1, stdout: "", stderr: "error: sub_none does not exist (NOT_FOUND)\n" });
    expect(await start(["catalog", "fly"])).toMatchObject({ exitCode: 2, stdout: "" });
  });

  test("ends with 3 when nobody is there", async () => {
    await platform.stop();
    const { exitCode, stderr } = await start(["catalog", "list"]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 3,
      stderr: `error: can't reach Postrider at ${platform.address}: start it with \`npm start\`, or name another with --address\n`,
    });
  });
});

describe("wrong use", () => {
  test.each([
    [["--bogus"], "unknown option '--bogus'"],
    [["fly"], "unknown command 'fly'"],
    [["publish", "order_paid"], "required option '--tenant <id>' not specified"],
    [["subscriptions", "get"], "missing required argument 'id'"],
    [[...CREATE, "--events", "a", "--retry", "5x"], '"5x" is not a duration such as 500ms, 5s, 2m, 1h or 1d'],
    [[...CREATE, "--events", "a", "--format", "xml"], "It must be one of standard, cloudevents-binary"],
    [[...CREATE, "--events", "a", "--max-age", "1d"], "--max-age needs --retry"],
    [["receive", "--create", "--tenant", "acme"], "--create needs --tenant and --events"],
    [["receive", "--secret", "whsec_%"], "the secret is not whsec_ and base64"],
    [["publish", "a", "--tenant", "t", "--data", "{"], "--data is not JSON"],
    [["publish", "a", "--tenant", "t", "--data", "@/nowhere.json"], "can't read --data @/nowhere.json"],
    [["catalog", "apply", "-f", "/nowhere.yaml"], "can't read /nowhere.yaml"],
  ])("ends with 2 and says what is wrong: %j", async (args, message) => {
    const { exitCode, stdout, stderr } = await run(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toContain(message);
  });

  test("help ends with 0 and shows examples", async () => {
    for (const command of [["receive"], ["publish"], ["catalog", "apply"], ["subscriptions", "rotate-secret"]]) {
      const { exitCode, stdout } = await run([...command, "--help"]);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/Examples?:\n {2}\$ /);
    }
  });
});

describe("what the platform answers", () => {
  test("not found ends with 1", async () => {
    const { exitCode, stderr } = await run(["subscriptions", "get", "sub_none"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "error: sub_none does not exist (NOT_FOUND)\n" });
  });

  test("an invalid argument ends with 2 and a line per field", async () => {
    const args = ["subscriptions", "create", "--tenant", "acme", "--url", "gopher://x", "--events", "a"];
    const { exitCode, stderr } = await run(args);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr:
        "error: invalid argument\n" +
        '  subscription.callback_url: "gopher://x" is not an http URL\n' +
        "  subscription.tenant_id: is wrong too\n",
    });
  });

  test("a full buffer ends with 1, a log that can't store with 3, each with the platform's own words", async () => {
    const full = await run(["publish", "full", "--tenant", "acme", "--data", "{}"]);
    expect(full).toMatchObject({ exitCode: 1, stderr: "error: the buffer is full (RESOURCE_EXHAUSTED)\n" });
    const broken = await run(["publish", "broken_log", "--tenant", "acme", "--data", "{}"]);
    expect(broken).toMatchObject({ exitCode: 3, stderr: "error: the log can't make it durable (UNAVAILABLE)\n" });
  });

  test("asks the subscription service where that runs apart, and names it when it is away", async () => {
    const apart = { address: "127.0.0.1:1", subscriptionAddress: platform.address };
    expect((await run(["catalog", "list"], apart)).exitCode).toBe(0);
    const away = await run(["catalog", "list", "--subscription-address", "127.0.0.1:2"], apart);
    expect([away.exitCode, away.stderr]).toEqual([3, expect.stringContaining("127.0.0.1:2")]);
    // An address on the command line is the whole platform's.
    const whole = await run(["catalog", "list", "--address", platform.address], { subscriptionAddress: "127.0.0.1:1" });
    expect(whole.exitCode).toBe(0);
  });

  test("--address overrides the environment, before and after the command's name", async () => {
    const options = { address: "127.0.0.1:1" };
    expect((await run(["--address", platform.address, "catalog", "list"], options)).exitCode).toBe(0);
    expect((await run(["catalog", "list", "--address", platform.address], options)).exitCode).toBe(0);
    expect((await run(["catalog", "list"], options)).stderr).toContain("127.0.0.1:1");
  });
});

describe("catalog", () => {
  test("apply creates what is missing, then leaves what is the same", async () => {
    const first = await run(["catalog", "apply", "-f", EXAMPLE_CATALOG]);
    expect(first).toEqual({
      exitCode: 0,
      stderr: "",
      stdout:
        "NAME             OUTCOME  VERSION\n" +
        "user_registered  created  1\n" +
        "order_paid       created  1\n" +
        "message_sent     created  1\n",
    });
    expect(await runJson("catalog", "apply", "-f", EXAMPLE_CATALOG)).toEqual(
      ["user_registered", "order_paid", "message_sent"].map((name) => ({ name, outcome: "unchanged", version: 1 })),
    );
  });

  test("apply updates what differs", async () => {
    const path = await write("updated.yaml", "eventTypes:\n- {name: a, description: one}\n- {name: b}\n");
    await run(["catalog", "apply", "-f", path]);
    await write("updated.yaml", "eventTypes:\n- {name: a, description: two}\n- {name: b}\n");
    expect(await runJson("catalog", "apply", "-f", path)).toEqual([
      { name: "a", outcome: "updated", version: 2 },
      { name: "b", outcome: "unchanged", version: 1 },
    ]);
    expect(platform.eventTypes.get("a")?.description).toBe("two");
  });

  test("a file with an error is refused with its line, and nothing is applied", async () => {
    const path = await write("wrong.yaml", "eventTypes:\n- name: a\n- name: b\n  shema: {}\n");
    const { exitCode, stderr } = await run(["catalog", "apply", "-f", path]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr:
        `error: ${path} is not a catalog; nothing was applied\n` +
        "  line 4: eventTypes[1].shema: unknown field; known are name, description, schema, examples, acknowledgement\n",
    });
    expect(platform.eventTypes.size).toBe(0);
  });

  test("what the platform refuses is told by name, and so is what was applied before it", async () => {
    const path = await write("refused.yaml", "eventTypes:\n- name: a\n- name: b\n  schema: {const: refuse me}\n");
    const { exitCode, stdout, stderr } = await run(["catalog", "apply", "-f", path]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "NAME  OUTCOME  VERSION\na     created  1\n" });
    expect(stderr).toBe("error: b: invalid argument\n  event_type.schema: is not a JSON Schema\n");
  });

  test("list shows a table, and JSON with schemas as values, over all pages", async () => {
    expect((await run(["catalog", "list"])).stdout).toContain("the catalog is empty");
    await run(["catalog", "apply", "-f", EXAMPLE_CATALOG]);
    expect((await run(["catalog", "list"])).stdout).toMatch(
      /^NAME +VERSION +STATUS +DESCRIPTION\nuser_registered +1 +current +/,
    );
    const [, orderPaid, ...others] = await runJson("catalog", "list");
    expect(orderPaid).toMatchObject({
      name: "order_paid",
      version: 1,
      deprecated: false,
      schema: { type: "object", properties: { currency: { pattern: "^[A-Z]{3}$" } } },
      examples: [{ name: "one item", data: { order_id: "o_9001" } }, { name: "by card, with a note" }],
      acknowledgement: '{"status":"success","message":"order paid"}',
    });
    expect(others).toHaveLength(1);
  });
});

describe("subscriptions", () => {
  test("create encodes every option", async () => {
    const args = [
      ...["--events", "order.*,user_registered", "--description", "shop", "--method", "put", "--format", "platform"],
      ...["--header", "X-Team: payments", "--header", "X-Link: a:b", "--ack", "exact-body:success"],
      ...["--retry", "5s,1m", "--max-age", "1d", "--timeout", "2.5s", "--max-in-flight", "4", "--rate", "0.5"],
    ];
    const [created] = await runJson(...CREATE, ...args);
    expect(platform.subscriptions.get("sub_1")).toMatchObject({
      tenantId: "acme",
      callbackUrl: "http://127.0.0.1:3000/",
      eventTypes: ["order.*", "user_registered"],
      description: "shop",
      method: Subscription_Method.METHOD_PUT,
      payloadFormat: PayloadFormat.PAYLOAD_FORMAT_PLATFORM,
      headers: { "X-Team": "payments", "X-Link": "a:b" },
      acknowledgement: { rule: Acknowledgement_Rule.RULE_EXACT_BODY, exactBody: "success" },
      retryPolicy: {
        delays: [
          { seconds: 5n, nanos: 0 },
          { seconds: 60n, nanos: 0 },
        ],
        maxAge: { seconds: 86_400n, nanos: 0 },
      },
      limits: { maxInFlight: 4, ratePerSecond: 0.5, timeout: { seconds: 2n, nanos: 500_000_000 } },
    });
    expect(created).toEqual({
      id: "sub_1",
      tenantId: "acme",
      callbackUrl: "http://127.0.0.1:3000/",
      eventTypes: ["order.*", "user_registered"],
      description: "shop",
      state: "ACTIVE",
      method: "PUT",
      payloadFormat: "PLATFORM",
      headers: { "X-Team": "payments", "X-Link": "a:b" },
      signature: "UNSPECIFIED",
      acknowledgement: { rule: "EXACT_BODY", exactBody: "success" },
      retryPolicy: { delays: ["5s", "1m"], maxAge: "1d" },
      limits: { maxInFlight: 4, ratePerSecond: 0.5, timeout: "2500ms" },
      secret: SECRET,
      createTime: "2030-01-31T12:00:00.000Z",
      updateTime: "2030-01-31T12:00:00.000Z",
    });
  });

  test("what is not given is left to the platform", async () => {
    await run([...CREATE, "--events", "a"]);
    expect(platform.subscriptions.get("sub_1")).toMatchObject({
      method: Subscription_Method.METHOD_UNSPECIFIED,
      payloadFormat: PayloadFormat.PAYLOAD_FORMAT_UNSPECIFIED,
      acknowledgement: undefined,
      retryPolicy: undefined,
      limits: undefined,
    });
  });

  test("create shows the secret once, with a warning", async () => {
    const { stdout } = await run([...CREATE, "--events", "a"]);
    expect(stdout).toMatch(/^id +sub_1\ntenant +acme\nstate +ACTIVE\n/);
    expect(stdout).toContain(`\nsecret  ${SECRET}\nIt is shown only once: keep it now.`);
    expect((await run(["subscriptions", "get", "sub_1"])).stdout).not.toContain("whsec_");
  });

  test("--print-secret prints the secret and nothing else", async () => {
    expect((await run([...CREATE, "--events", "a", "--print-secret"])).stdout).toBe(`${SECRET}\n`);
    const rotated = await run(["subscriptions", "rotate-secret", "sub_1", "--overlap", "2d", "--print-secret"]);
    expect(rotated.stdout).toBe(`${ROTATED_SECRET}\n`);
    expect(platform.rotations).toMatchObject([{ id: "sub_1", overlap: { seconds: 172_800n, nanos: 0 } }]);
  });

  test("--signature is asked for, and the public key is shown in place of a secret", async () => {
    const created = await run([...CREATE, "--events", "a", "--signature", "ed25519"]);
    expect(created.stdout).toMatch(/\nsigned with +ED25519\npublic key +whpk_/);
    expect(created.stdout).not.toMatch(/whsec_|secret {2}/);
    expect((await run([...CREATE, "--events", "a", "--signature", "ed25519", "--print-secret"])).stdout).toBe(
      `${PUBLIC_KEY}\n`,
    );
    expect(await runJson("subscriptions", "get", "sub_1")).toMatchObject([
      { signature: "ED25519", publicKeys: [{ key: PUBLIC_KEY }] },
    ]);
    await run(["subscriptions", "rotate-secret", "sub_1", "--signature", "hmac-sha256"]);
    expect(platform.rotations).toMatchObject([{ id: "sub_1", signature: 1, secret: "" }]);
    const { exitCode, stderr } = await run([...CREATE, "--events", "a", "--signature", "rsa"]);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("ed25519") as string });
  });

  test("list goes over all pages, of all tenants or one", async () => {
    expect((await run(["subscriptions", "list"])).stdout).toBe("no subscriptions\n");
    for (let created = 0; created < 3; created += 1) await run([...CREATE, "--events", "a"]);
    const ids = (found: unknown[]): unknown[] => found.map((one) => (one as { id: string }).id);
    expect(ids(await runJson("subscriptions", "list"))).toEqual(["sub_1", "sub_2", "sub_3"]);
    expect((await run(["subscriptions", "list", "--tenant", "other"])).stdout).toBe("no subscriptions\n");
    expect((await run(["subscriptions", "list", "--tenant", "acme"])).stdout.split("\n")).toHaveLength(5);
  });

  test("create and verify tell that one is pending, why, and what to do", async () => {
    const create = ["subscriptions", "create", "--tenant", "acme", "--events", "a", "--url"];
    const pending = await run([...create, "https://acme.example/nobody"]);
    expect(pending.exitCode).toBe(0);
    expect(pending.stdout).toMatch(/state +PENDING \(the callback URL answered with status 404\)/);
    expect(pending.stdout).toContain("`postrider subscriptions verify sub_1` asks again");
    const secretOnly = await run([...create, "https://acme.example/nobody", "--print-secret"]);
    expect(secretOnly.stdout).toBe(`${SECRET}\n`);
    expect(secretOnly.stderr).toBe("sub_2 is pending: the callback URL answered with status 404\n");
    const verified = await run(["subscriptions", "verify", "sub_1"]);
    expect(verified.exitCode).toBe(1);
    expect(verified.stderr).toContain("sub_1 is still pending: the callback URL answered with status 404");

    await run([...create, "https://acme.example/somebody"]);
    expect(await runJson("subscriptions", "verify", "sub_3")).toMatchObject([
      { state: "ACTIVE", consent: { method: "CHALLENGE", allowedRatePerSecond: 2 } },
    ]);
    expect((await run(["subscriptions", "verify", "sub_3"])).stdout).toMatch(/agreed by +CHALLENGE, .*2 per second/);
  });

  test("pause, disable, resume and delete", async () => {
    await run([...CREATE, "--events", "a"]);
    expect(await runJson("subscriptions", "pause", "sub_1")).toMatchObject([{ id: "sub_1", state: "PAUSED" }]);
    const disabled = await runJson("subscriptions", "disable", "sub_1", "--reason", "asked for");
    expect(disabled).toMatchObject([{ id: "sub_1", state: "DISABLED" }]);
    expect((await run(["subscriptions", "disable", "sub_1"])).exitCode).toBe(2);
    expect(await runJson("subscriptions", "resume", "sub_1")).toMatchObject([{ id: "sub_1", state: "ACTIVE" }]);
    expect(await runJson("subscriptions", "delete", "sub_1")).toEqual([{ id: "sub_1", deleted: true }]);
    expect((await run(["subscriptions", "delete", "sub_1"])).exitCode).toBe(1);
  });
});

describe("secrets", () => {
  test("new-key prints a key that services take, with an id of its own or the given one", async () => {
    const { exitCode, stdout } = await run(["secrets", "new-key", "--id", "2030-01"], { address: "127.0.0.1:1" });
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^2030-01:[A-Za-z0-9+/]{43}=\n$/) as string,
    });
    const [one, other] = [await run(["secrets", "new-key"]), await run(["secrets", "new-key"])];
    expect(one.stdout).toMatch(/^key-[0-9a-f]{8}:/);
    expect(one.stdout).not.toBe(other.stdout);
    expect(await run(["secrets", "new-key", "--id", "a b"])).toMatchObject({
      exitCode: 2,
      stderr: 'error: "a b" is no id of a key: 1 to 32 letters, digits, - or _\n',
    });
  });
});

describe("publish", () => {
  const PUBLISH = ["publish", "order_paid", "--tenant", "acme", "--data"];

  test("carries JSON byte for byte, and answers with the id", async () => {
    const data = '{ "order_id":  "o_1", "amount": 1.0 }';
    const published = await runJson(...PUBLISH, data, "--id", "evt_9", "--source", "/shop", "--ordering-key", "o_1");
    expect(published).toEqual([{ eventId: "evt_9", acceptedAt: "2030-01-31T12:00:00.000Z" }]);
    expect(platform.events).toEqual([
      {
        id: "evt_9",
        tenantId: "acme",
        type: "order_paid",
        time: undefined,
        source: "/shop",
        data: { $case: "jsonData", value: data },
        contentType: "",
        orderingKey: "o_1",
      },
    ]);
  });

  test("reads standard input and files", async () => {
    const path = await write("order.json", '{"from":"file"}\n');
    expect((await run([...PUBLISH, "-"], { input: '{"from":"stdin"}' })).stdout).toBe("published evt_1\n");
    await run([...PUBLISH, `@${path}`, "--time", "2030-01-31T12:00:00+01:00"]);
    expect(platform.events.map(({ data }) => data?.value)).toEqual(['{"from":"stdin"}', '{"from":"file"}\n']);
    expect(platform.events[1]?.time).toEqual(new Date("2030-01-31T11:00:00Z"));
  });

  test("other content is bytes", async () => {
    const bytes = Buffer.from([0, 255, 10]);
    await run([...PUBLISH, "-", "--content-type", "application/octet-stream"], { input: bytes });
    expect(platform.events[0]?.data).toEqual({ $case: "binaryData", value: bytes });
  });

  test("more than an event carries is refused before it is sent", async () => {
    const { exitCode, stderr } = await run([...PUBLISH, "-"], { input: `"${"x".repeat(262_143)}"` });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: "error: --data has more than 262144 bytes, the most that an event carries\n",
    });
  });
});
