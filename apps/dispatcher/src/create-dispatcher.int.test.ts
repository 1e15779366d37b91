import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Event } from "@postrider/domain-event";
import { type Deferred, type DeferredTask, deferredSchema, openSqliteDeferred } from "@postrider/kit-deferred";
import { createEgress, createEgressPolicy } from "@postrider/kit-egress";
import { eventLogSchema, LogError, openSqliteEventLog, type EventLog, type LogRecord } from "@postrider/kit-event-log";
import { createSystemRandom, systemClock } from "@postrider/kit-lifecycle";
import { openSqlite } from "@postrider/kit-sqlite";
import { createRegistry } from "@postrider/kit-telemetry";
import { decodeAttempts, encodeEvent, type RecordedAttempt, TOPICS } from "@postrider/records";
import { startReceiver, type Receiver } from "@postrider/testing";
import { Webhook } from "standardwebhooks";
import { afterEach, expect, test } from "vitest";
import { createDispatcher, type DispatcherDeps } from "./index.ts";
import { eventOf, failureOf, SECRET, silentLogger } from "./testing/builders.ts";
import { subscribe } from "./testing/subscribe.ts";

const topics = [TOPICS.events, TOPICS.attempts, TOPICS.deadLetters, TOPICS.quarantine];
const opened: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

interface Platform {
  readonly log: EventLog;
  readonly deferred: Deferred;
  /** The same deferred deliveries as they are seen an hour later. */
  readonly deferredInAnHour: Deferred;
  /** Runs a dispatcher until the signal aborts, with other neighbours if given. */
  readonly run: (receiver: Receiver, changes: Partial<DispatcherDeps>, stop: AbortSignal) => Promise<void>;
  /** Runs a dispatcher until the returned function is called; that waits for its end. */
  readonly dispatch: (receiver: Receiver) => () => Promise<void>;
}

/** The dispatcher's real neighbours on one file: log, deferred deliveries, the door. */
async function openPlatform(): Promise<Platform> {
  const folder = await mkdtemp(join(tmpdir(), "postrider-dispatcher-"));
  opened.push(async () => rm(folder, { recursive: true }));
  const schema = [...eventLogSchema(topics), ...deferredSchema];
  const sqlite = await openSqlite({ path: join(folder, "log.db"), schema });
  opened.push(async () => sqlite.close());
  const settings = topics.map((name) => ({ name, retentionMs: 3_600_000 }));
  const log = openSqliteEventLog({ sqlite, topics: settings, clock: systemClock });
  opened.push(async () => log.close());
  const policy = createEgressPolicy({ allowedRanges: ["127.0.0.0/8"], allowHttp: true, ports: "any" });
  const egress = createEgress({ policy, clock: systemClock });
  opened.push(async () => egress.close(0));
  const deferred = openSqliteDeferred({ sqlite, clock: systemClock });

  const run: Platform["run"] = async (receiver, changes, stop) => {
    const dispatcher = createDispatcher({
      ...{ log, deferred, egress, clock: systemClock, random: createSystemRandom() },
      subscriptions: subscribe(receiver.url),
      process: {
        registry: createRegistry(),
        logger: silentLogger,
        version: "1.2.3",
        graceMs: 5000,
        commitMs: 20,
        healthReportMs: 3_600_000,
        isShared: false,
      },
      ...changes,
    });
    return dispatcher.run(stop);
  };
  const dispatch = (receiver: Receiver): (() => Promise<void>) => {
    const stopping = new AbortController();
    const ended = run(receiver, {}, stopping.signal);
    return async () => {
      stopping.abort();
      await ended;
    };
  };
  const inAnHour = { ...systemClock, nowMs: () => systemClock.nowMs() + 3_600_000 };
  const deferredInAnHour = openSqliteDeferred({ sqlite, clock: inAnHour });
  return { log, deferred, deferredInAnHour, run, dispatch };
}

async function openReceiver(answers: readonly { status: number }[]): Promise<Receiver> {
  const receiver = await startReceiver({ answer: answers });
  opened.push(async () => receiver.close());
  return receiver;
}

async function publish({ log }: Platform, ids: readonly string[], changes: Partial<Event> = {}): Promise<void> {
  await log.writer.append(ids.map((id) => encodeEvent(eventOf({ id, ...changes }))));
}

/** Reads a topic of the log until `isEnough`. */
async function readTopic(
  { log }: Platform,
  topic: string,
  isEnough: (records: readonly LogRecord[]) => boolean,
): Promise<readonly LogRecord[]> {
  const read: LogRecord[] = [];
  const stopping = new AbortController();
  const records = (_: number, more: readonly LogRecord[]): void => {
    read.push(...more);
    if (isEnough(read)) stopping.abort();
  };
  const reader = log.reader({ topic, group: "test" });
  await reader.run({ assigned: () => undefined, revoked: () => undefined, records }, stopping.signal);
  return read;
}

/** Reads attempts from the log until there are `count`. */
async function readAttempts(platform: Platform, count: number): Promise<readonly RecordedAttempt[]> {
  const attemptsIn = (records: readonly LogRecord[]): RecordedAttempt[] =>
    records.flatMap(({ value }) => [...decodeAttempts(value)]);
  return attemptsIn(await readTopic(platform, TOPICS.attempts, (records) => attemptsIn(records).length >= count));
}

test("an event arrives signed, and its attempt stands in the log", async () => {
  const platform = await openPlatform();
  const receiver = await openReceiver([{ status: 204 }]);
  const stop = platform.dispatch(receiver);
  await publish(platform, ["evt_1"]);
  const [request] = await receiver.waitFor(1);
  const [attempt] = await readAttempts(platform, 1);
  await stop();
  expect(request?.headers).toMatchObject({ "user-agent": "Postrider/1.2.3", "webhook-id": "evt_1" });
  const headers = request?.headers as Record<string, string>;
  expect(() => new Webhook(SECRET).verify(request?.body ?? "", headers)).not.toThrow();
  expect(attempt).toMatchObject({ number: 1, result: { status: 204 }, verdict: { kind: "delivered" } });
});

test("a failed delivery is made again, and a second failure is its last", async () => {
  const platform = await openPlatform();
  const receiver = await openReceiver([{ status: 500 }, { status: 503 }]);
  const stop = platform.dispatch(receiver);
  await publish(platform, ["evt_1"]);
  const attempts = await readAttempts(platform, 2);
  await stop();
  expect(receiver.requests.map(({ headers }) => headers["webhook-id"])).toEqual(["evt_1", "evt_1"]);
  expect(attempts.map(({ number, verdict }) => [number, verdict.kind])).toEqual([
    [1, "retry"],
    [2, "dead"],
  ]);
});

test("a restart goes on where the last run ended, and sends nothing twice", async () => {
  const platform = await openPlatform();
  const receiver = await openReceiver([{ status: 200 }]);
  const stop = platform.dispatch(receiver);
  await publish(platform, ["evt_1", "evt_2", "evt_3"]);
  await receiver.waitFor(3);
  await stop();
  // Published again within ten minutes, before anybody reads: known from the log alone.
  await publish(platform, ["evt_2", "evt_4"]);
  const stopAgain = platform.dispatch(receiver);
  await receiver.waitFor(4);
  await publish(platform, ["evt_5"]);
  await receiver.waitFor(5);
  await stopAgain();
  const ids = receiver.requests.map(({ headers }) => headers["webhook-id"]);
  expect(ids.toSorted()).toEqual(["evt_1", "evt_2", "evt_3", "evt_4", "evt_5"]);
});

test("what is out at the stop is waited for", async () => {
  const platform = await openPlatform();
  const receiver = await openReceiver([{ status: 200 }]);
  const arrived = Promise.withResolvers<undefined>();
  const release = Promise.withResolvers<undefined>();
  receiver.answer(async () => {
    arrived.resolve(undefined);
    await release.promise;
    return { status: 200 };
  });
  const stop = platform.dispatch(receiver);
  await publish(platform, ["evt_1"]);
  await arrived.promise;
  const stopped = stop();
  release.resolve(undefined);
  await stopped;
  expect(await readAttempts(platform, 1)).toMatchObject([{ verdict: { kind: "delivered" } }]);
});

test("a deferred task that is no delivery goes to quarantine, and is not due again", async () => {
  const platform = await openPlatform();
  const stop = platform.dispatch(await openReceiver([]));
  const task = { key: "sub_1", value: Buffer.from("no delivery"), dueAtMs: 0 };
  await platform.deferred.defer([task]);
  const [record] = await readTopic(platform, TOPICS.quarantine, ({ length }) => length > 0);
  await stop();
  expect(record?.headers["postrider-reason"]).toMatch(/^no deferred delivery: /);
  expect(Buffer.from(record?.value ?? []).toString()).toBe("no delivery");
  // What was put off after a failure would come before this one.
  const last = { ...task, key: "last", dueAtMs: systemClock.nowMs() + 600_000 };
  await platform.deferredInAnHour.defer([last]);
  expect(await handOutUntil("last", platform.deferredInAnHour)).toEqual(["last"]);
});

/** The keys of what is due, in order. */
async function handOutUntil(key: string, deferred: Deferred): Promise<readonly string[]> {
  const keys: string[] = [];
  const stopping = new AbortController();
  const onDue = async (task: DeferredTask): Promise<void> => {
    keys.push(task.key);
    if (task.key === key) stopping.abort();
  };
  await deferred.run({ onDue, maxInFlight: 1 }, stopping.signal);
  return keys;
}

test("a log without our topics ends the dispatcher with the line that says so, and loses nothing", async () => {
  const platform = await openPlatform();
  const receiver = await openReceiver([{ status: 200 }]);
  const notThere = new LogError("setup", `topic ${TOPICS.attempts}: not allowed`);
  const log: EventLog = { ...platform.log, writer: { append: async () => Promise.reject(notThere) } };
  const ended = platform.run(receiver, { log }, new AbortController().signal);
  await publish(platform, ["evt_1"]);
  expect(await failureOf(ended)).toBe(notThere);
  const stop = platform.dispatch(receiver);
  await receiver.waitFor(2);
  await stop();
  expect(receiver.requests.map(({ headers }) => headers["webhook-id"])).toEqual(["evt_1", "evt_1"]);
});
