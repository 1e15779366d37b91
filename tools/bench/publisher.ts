// The publisher: an internal service that publishes over gRPC, in a process of its own. It either keeps the platform
// busy (batches, with a bounded number of events on their way) or keeps a schedule (single events, open loop).
import { credentials } from "@grpc/grpc-js";
import { type Event, IngestServiceClient } from "@postrider/contracts/postrider/v1/ingest";
import { call } from "@postrider/kit-rpc";
import { workForParent } from "./child.ts";
import { createDelayHistogram, readDelay, recordDelayUs } from "./delay-histogram.ts";
import { createPayload, eventType, nameTenant } from "./payload.ts";
import type { PublisherCommand, PublisherNotice, PublisherReport } from "./protocol.ts";

const batchSize = 100;
/** Enough to gather while one is being stored, few enough to bound what is unanswered. */
const maxBatchesInFlight = 4;
const callTimeoutMs = 20_000;
/** After a rejection (the platform's buffer is full, or it is gone): it is asked again, not hammered. */
const backOffMs = 20;
const idlePollMs = 2;

let client: IngestServiceClient | undefined;
/** Events go to one after the other of so many tenants. */
let tenants = 1;
let lastTenant = 0;
let received = 0;
let stopped = false;
let run = createRun();

/** What one command has seen so far. */
interface Run {
  accepted: number;
  rejected: number;
  lastRejection: string | undefined;
  sent: number;
  lowestAhead: number;
  maxLateMs: number;
  readonly acknowledged: ReturnType<typeof createDelayHistogram>;
}

function createRun(): Run {
  return {
    accepted: 0,
    rejected: 0,
    lastRejection: undefined,
    sent: 0,
    lowestAhead: Infinity,
    maxLateMs: 0,
    acknowledged: createDelayHistogram(),
  };
}

async function answer(command: PublisherCommand): Promise<PublisherReport> {
  run = createRun();
  received = 0;
  stopped = false;
  switch (command.kind) {
    case "connect":
      client = new IngestServiceClient(command.address, credentials.createInsecure());
      break;
    case "saturate":
      tenants = command.tenants;
      await Promise.all(Array.from({ length: maxBatchesInFlight }, () => publishBatches(command)));
      break;
    case "pace":
      tenants = 1;
      await publishOnSchedule(command);
      break;
  }
  return report();
}

async function publishBatches(limits: { readonly maxEvents: number; readonly maxAhead: number }): Promise<void> {
  while (!stopped && valid() < limits.maxEvents) {
    if (limits.maxAhead - ahead() < batchSize) {
      await wait(idlePollMs);
      continue;
    }
    const size = Math.min(batchSize, limits.maxEvents - valid());
    run.sent += size;
    const rejectedBefore = run.rejected;
    await acknowledgedAfter(() => publishBatch(size), size);
    if (run.rejected > rejectedBefore) await wait(backOffMs);
  }
}

async function publishBatch(size: number): Promise<void> {
  const ingest = connected();
  const events = Array.from({ length: size }, createEvent);
  const { results } = await call(ingest.publishBatch.bind(ingest), { events }, { deadline: deadline() });
  for (const { outcome } of results) {
    if (outcome?.$case === "accepted") run.accepted++;
    else countRejected(outcome?.value.message ?? "no outcome", 1);
  }
}

async function publishOnSchedule(schedule: { readonly perSecond: number; readonly durationMs: number }): Promise<void> {
  const total = Math.round((schedule.perSecond * schedule.durationMs) / 1000);
  const gapMs = 1000 / schedule.perSecond;
  const startedAtMs = performance.now();
  const calls: Promise<void>[] = [];
  while (run.sent < total) {
    const elapsedMs = performance.now() - startedAtMs;
    while (run.sent < total && run.sent * gapMs <= elapsedMs) {
      run.maxLateMs = Math.max(run.maxLateMs, elapsedMs - run.sent * gapMs);
      run.sent++;
      calls.push(acknowledgedAfter(publishOne, 1));
    }
    await wait(1);
  }
  await Promise.all(calls);
}

async function publishOne(): Promise<void> {
  const ingest = connected();
  await call(ingest.publish.bind(ingest), { event: createEvent() }, { deadline: deadline() });
  run.accepted++;
}

/** Takes the time of a call; one that fails rejects all its events. */
async function acknowledgedAfter(publish: () => Promise<void>, events: number): Promise<void> {
  const startedAtMs = performance.now();
  try {
    await publish();
    recordDelayUs(run.acknowledged, (performance.now() - startedAtMs) * 1000);
  } catch (error) {
    countRejected(error instanceof Error ? error.message : String(error), events);
  }
}

function countRejected(reason: string, events: number): void {
  run.rejected += events;
  run.lastRejection = reason;
}

/** Events that were not rejected, as far as is known. */
function valid(): number {
  return run.sent - run.rejected;
}

/** Events that the receiver should still get. */
function ahead(): number {
  return Math.max(0, valid() - received);
}

function createEvent(): Event {
  return {
    id: "",
    tenantId: nameTenant((lastTenant = (lastTenant + 1) % tenants)),
    type: eventType,
    time: undefined,
    source: "bench",
    data: { $case: "jsonData", value: createPayload() },
    contentType: "application/json",
    orderingKey: "",
  };
}

function takeNotice(notice: PublisherNotice): void {
  if (notice.kind === "stop") stopped = true;
  else if (notice.kind === "mark") run.lowestAhead = Infinity;
  else {
    received = notice.deliveries;
    if (!stopped) run.lowestAhead = Math.min(run.lowestAhead, ahead());
  }
}

function report(): PublisherReport {
  return {
    accepted: run.accepted,
    rejected: run.rejected,
    ...(run.lastRejection === undefined ? {} : { lastRejection: run.lastRejection }),
    lowestAhead: Number.isFinite(run.lowestAhead) ? run.lowestAhead : 0,
    maxLateMs: run.maxLateMs,
    acknowledged: readDelay(run.acknowledged),
  };
}

function connected(): IngestServiceClient {
  if (client === undefined) throw new Error("asked to publish before it was told where");
  return client;
}

function deadline(): Date {
  return new Date(Date.now() + callTimeoutMs);
}

async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

workForParent({
  answer: async (command) => await answer(command as PublisherCommand),
  takeNotice: (notice) => {
    takeNotice(notice as PublisherNotice);
  },
});
