/**
 * What must never get through the door, and what must, as data: ../corpus. Policies are those of services on the
 * internet. Names are resolved by a real name server on loopback. Of loopback, 127.0.0.2 alone is allowed there and
 * stands for the internet; behind 127.0.0.1, at the same port, is what nobody may reach.
 */
import { readFileSync } from "node:fs";

import { systemClock } from "@postrider/kit-lifecycle";
import {
  type AskedQuestion,
  type DnsRecord,
  type DnsReply,
  type DnsServer,
  startConnectProxy,
  startDnsServer,
  startReceiver,
  type Receiver,
} from "@postrider/testing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";

import { createResolveHost } from "./dns-resolver.ts";
import { createEgress, type Egress, type EgressOptions, type EgressRequest } from "./egress.ts";
import { createEgressPolicy } from "./policy.ts";
import { parseProxy } from "./proxy-tunnel.ts";

interface UrlEntry {
  readonly kind: string;
  readonly input: string;
  /** Of the refusal; absent where there is none. */
  readonly reason?: string;
  readonly why: string;
}

/** What one family of a name is answered with: addresses, a code, or something that is no answer. */
type Family = readonly string[] | "NXDOMAIN" | "SERVFAIL" | "REFUSED" | Fault;
type Fault =
  | "silence"
  | "garbage"
  | "another-id"
  | "another-question"
  | "short-address"
  | "endless-name"
  /** The whole answer comes over TCP, as `tcp` has it. */
  | "truncated";

interface DnsAnswers {
  readonly A?: Family;
  readonly AAAA?: Family;
  readonly CNAME?: readonly string[];
  /** Whose the addresses are; the name itself if absent. */
  readonly owner?: string;
  readonly ttlSeconds?: number;
  readonly tcp?: Pick<DnsAnswers, "A" | "AAAA">;
}

interface DnsEntry {
  readonly kind: string;
  readonly name: string;
  /** Of the first lookup, the second, and so on; the last one stays. */
  readonly answers: readonly DnsAnswers[];
  /** Of the first attempt, the second, and so on, each over a connection of its own. */
  readonly outcomes: readonly string[];
  readonly why: string;
}

/** Long enough for a busy machine, short enough for the entries that run into it. */
const SILENT_MS = 300;
const AMPLE_MS = 20_000;

/** All names of it are of servers that never answer. */
const SILENT_ZONE = ".silent.example";

const hostileUrls = load("hostile-urls") as readonly UrlEntry[];
const welcomeUrls = load("welcome-urls") as readonly UrlEntry[];
const hostileDns = load("hostile-dns") as readonly DnsEntry[];
const welcomeDns = load("welcome-dns") as readonly DnsEntry[];

const internet = createEgressPolicy({ allowedRanges: [], allowHttp: false, ports: [443, 8443] });
const standIn = createEgressPolicy({ allowedRanges: ["127.0.0.2/31"], allowHttp: true, ports: "any" });

let dns: DnsServer;
let secret: Receiver;
let receiver: Receiver;

beforeAll(async () => {
  const entries = new Map([...hostileDns, ...welcomeDns].map((entry) => [wireName(entry.name), entry]));
  dns = await startDnsServer((question) => {
    if (question.name.endsWith(SILENT_ZONE)) return "silence";
    const entry = entries.get(question.name.toLowerCase());
    return entry === undefined ? { records: [], code: "NXDOMAIN" } : replyOf(entry, question);
  });
  secret = await startReceiver();
  const answer = { headers: { connection: "close" } };
  receiver = await startReceiver({ host: "127.0.0.2", port: secret.port, answer });
});

afterAll(async () => {
  await Promise.all([dns.close(), secret.close(), receiver.close()]);
});

test("the corpus is as large as it should be, and says each thing once", () => {
  expect(hostileUrls.length + hostileDns.length).toBeGreaterThanOrEqual(200);
  expect(welcomeUrls.length + welcomeDns.length).toBeGreaterThanOrEqual(60);
  for (const entries of [hostileUrls, welcomeUrls]) {
    expect(new Set(entries.map(({ input }) => input)).size).toBe(entries.length);
  }
  const names = [...hostileDns, ...welcomeDns].map(({ name }) => wireName(name));
  expect(new Set(names).size).toBe(names.length);
  expect([...hostileUrls, ...welcomeUrls, ...hostileDns, ...welcomeDns].every(({ why }) => why !== "")).toBe(true);
});

describe("a hostile URL is refused when it is given, and nothing is asked or sent when it is called", () => {
  test.each(hostileUrls)("$kind: $input ($why)", async ({ input, reason }) => {
    const askedBefore = dns.questions.length;

    expect(internet.checkUrl(input)?.reason).toBe(reason);
    expect(await opened({ policy: internet }).send(requestTo(input))).toMatchObject({ kind: "refused", reason });
    expect(dns.questions.slice(askedBefore)).toEqual([]);
  });
});

describe("a good URL is taken when it is given, and gets as far as the connection when it is called", () => {
  test.each(welcomeUrls)("$kind: $input ($why)", async ({ input }) => {
    // No test may reach the internet: the proxy is asked for the receiver and declines.
    const proxy = await startConnectProxy(() => 502);
    onTestFinished(proxy.close);
    const parsed = parseProxy(proxy.url);

    expect(internet.checkUrl(input)).toBeUndefined();
    const egress = opened({ policy: internet, ...(parsed.kind === "value" ? { proxy: parsed.value } : {}) });
    expect(await egress.send(requestTo(input))).toMatchObject({ reason: "connect", detail: "proxy" });
    const { hostname, port } = new URL(input);
    expect(proxy.connects.map(({ authority }) => authority)).toEqual([`${hostname}:${port === "" ? "443" : port}`]);
  });
});

describe("a name whose DNS is hostile", () => {
  test.each(hostileDns)("$kind: $name ($why)", async (entry) => {
    const url = `http://${entry.name}:${receiver.port}/`;

    // Nothing about the name itself tells: it would be taken at creation.
    expect(standIn.checkUrl(url)).toBeUndefined();
    expect(await outcomesOf(url, entry)).toEqual(entry.outcomes);
    expect(secret.connectionCount()).toBe(0);
  });
});

describe("a name whose DNS is merely odd", () => {
  test.each(welcomeDns)("$kind: $name ($why)", async (entry) => {
    expect(await outcomesOf(`http://${entry.name}:${receiver.port}/`, entry)).toEqual(entry.outcomes);
  });
});

describe("names whose servers never answer", () => {
  test("hold up no others, however many they are", async () => {
    const egress = opened({ policy: standIn });
    const name = welcomeDns[0]?.name ?? expect.fail("the corpus is empty");
    let settledCount = 0;
    const stuck = Array.from({ length: 64 }, async (_, index) => {
      const url = `http://${index}${SILENT_ZONE}:${receiver.port}/`;
      const result = await egress.send({ ...requestTo(url), timeoutMs: 2000 });
      settledCount += 1;
      return result;
    });
    const sending = Array.from({ length: 32 }, () => egress.send(requestTo(`http://${name}:${receiver.port}/`)));
    const results = await Promise.all(sending);

    expect(results.map(({ kind }) => kind)).toEqual(results.map(() => "responded"));
    expect(settledCount).toBe(0);
    expect(await Promise.all(stuck)).toMatchObject(stuck.map(() => ({ reason: "timeout", detail: "connection" })));
  });
});

/** Sends as often as there are outcomes, and says what came of it. */
async function outcomesOf(url: string, { outcomes }: DnsEntry): Promise<readonly string[]> {
  const egress = opened({ policy: standIn });
  const seen: string[] = [];
  for (const expected of outcomes) {
    const timeoutMs = expected === "timeout" ? SILENT_MS : AMPLE_MS;
    const result = await egress.send({ ...requestTo(url), timeoutMs });
    seen.push(result.kind === "responded" ? result.kind : result.reason);
    // Over a connection of its own: the receiver closes each.
    await receiver.waitForOpenConnections(0);
  }
  return seen;
}

function opened(options: Pick<EgressOptions, "policy" | "proxy">): Egress {
  const egress = createEgress({ clock: systemClock, resolveHost: createResolveHost([dns.address]), ...options });
  onTestFinished(async () => egress.close(0));
  return egress;
}

function requestTo(url: string): EgressRequest {
  return { url, method: "POST", headers: {}, body: Buffer.from("{}"), timeoutMs: AMPLE_MS, keepBodyBytes: 0 };
}

/** As it stands in a query. */
function wireName(name: string): string {
  return new URL(`http://${name}/`).hostname.replace(/\.$/u, "");
}

const CODES: ReadonlySet<unknown> = new Set<DnsReply["code"]>(["NXDOMAIN", "SERVFAIL", "REFUSED"]);

function replyOf({ answers }: DnsEntry, question: AskedQuestion): DnsReply | Buffer | "silence" {
  const { query, type, index, transport } = question;
  const answer = answers[Math.min(index, answers.length - 1)] ?? expect.fail("an entry without answers");
  if (type === "other") return { records: [] };
  const family = (transport === "tcp" ? answer.tcp?.[type] : answer[type]) ?? [];
  if (typeof family !== "string") return { records: recordsOf(answer, type, family) };
  if (isCode(family)) return { records: [], code: family };
  if (family === "truncated") return { records: [], isTruncated: true };
  return family === "silence" ? family : forge(query, family);
}

function isCode(family: string): family is "NXDOMAIN" | "SERVFAIL" | "REFUSED" {
  return CODES.has(family);
}

function recordsOf(answer: DnsAnswers, type: "A" | "AAAA", addresses: readonly string[]): DnsRecord[] {
  const { CNAME: aliases = [], owner, ttlSeconds = 0 } = answer;
  const names: (string | undefined)[] = [undefined, ...aliases];
  const nameOf = (name: string | undefined): Pick<DnsRecord, "name"> => (name === undefined ? {} : { name });
  return [
    ...aliases.map((data, index) => ({ ...nameOf(names[index]), type: "CNAME" as const, data, ttlSeconds })),
    ...addresses.map((data) => ({ ...nameOf(owner ?? names.at(-1)), type, data, ttlSeconds })),
  ];
}

/** Bytes that look like an answer and are none. */
function forge(query: Buffer, fault: Exclude<Fault, "silence" | "truncated">): Buffer {
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(fault === "short-address" || fault === "endless-name" ? 1 : 0, 6);
  const question = query.subarray(12);
  switch (fault) {
    case "garbage":
      return Buffer.from("this is no DNS at all");
    case "another-id":
      header.writeUInt16BE(header.readUInt16BE(0) ^ 0xffff, 0);
      return Buffer.concat([header, question]);
    case "another-question": {
      const other = Buffer.from(question);
      other.writeUInt8(other.readUInt8(1) ^ 1, 1);
      return Buffer.concat([header, other]);
    }
    case "short-address":
      header.writeUInt16BE(0, 10);
      // A pointer to the question's name, A, IN, no TTL, three bytes.
      return Buffer.concat([
        header,
        plainQuestion(question),
        Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 3, 10, 0, 0]),
      ]);
    case "endless-name": {
      header.writeUInt16BE(0, 10);
      const plain = plainQuestion(question);
      const at = 12 + plain.length;
      return Buffer.concat([header, plain, Buffer.from([0xc0 | (at >> 8), at & 0xff, 0, 1, 0, 1])]);
    }
  }
}

/** Without what follows it in a query (EDNS). */
function plainQuestion(question: Buffer): Buffer {
  return question.subarray(0, question.indexOf(0) + 5);
}

function load(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../corpus/${name}.json`, import.meta.url), "utf8"));
}
