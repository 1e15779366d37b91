// `npm run bench`: what does Postrider cost beside the least that delivering a webhook can cost?
//
// One run measures both on the same machine in the same minutes, in the order A B A (bare loop, platform, bare loop),
// because a figure from another day or another machine compares nothing. Then delays at steady rates, and memory; on
// Kafka also what more subscriptions and more dispatchers cost.
import { writeFileSync } from "node:fs";
import { createEventType, createSubscriptions } from "./catalog.ts";
import { type Child, startChild } from "./child.ts";
import { compareTls, formatTlsTable } from "./compare-tls.ts";
import { watchMemory } from "./measure.ts";
import { deliverEvents, measureBareLoop, measurePaced, measureSustained, type Paced, type Running } from "./phases.ts";
import { type MoreFlags, type Platform, startPlatform } from "./platform.ts";
import { createProfiledRun, monotonicUs } from "./profile.ts";
import type { PublisherNotice } from "./protocol.ts";
import type { Measured } from "./measured.ts";
import { createResult, type Result } from "./report.ts";
import { compareDispatchers, compareSubscriptions } from "./scaling.ts";
import { parseSettings, type Profiled, type Settings, usage } from "./settings.ts";
import { formatTable } from "./table.ts";

// The children go with the process's exit event, which a signal alone would not raise.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

try {
  const settings = parseSettings(process.argv.slice(2));
  if (settings === undefined) console.log(usage);
  else if (settings.phases === "tls") print(await compareTls(settings, say), formatTlsTable, settings);
  else await main(settings);
} catch (error) {
  // What went wrong is in the message, with the platform's last words; the stack of a benchmark tells nobody more.
  console.error(`✗ ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function main(settings: Settings): Promise<void> {
  const receiver = await startChild("receiver.ts");
  const bareLoop = await startChild("bare-loop.ts");
  const bare = { receiver, bareLoop };
  try {
    if (settings.profile !== undefined) await profile(settings.profile, receiver, settings);
    else if (settings.phases === "bare") publish(createResult(await benchBareLoop(bare, settings), settings), settings);
    else publish(createResult(await benchBoth(bare, settings), settings), settings);
  } finally {
    await Promise.all([receiver.stop(), bareLoop.stop()]);
  }
}

interface Bare {
  readonly receiver: Child;
  readonly bareLoop: Child;
}

async function benchBareLoop(bare: Bare, settings: Settings): Promise<Measured> {
  say("bare loop …");
  return { bareLoop: [await measureBareLoop(bare, settings)], paced: [] };
}

async function benchBoth(bare: Bare, settings: Settings): Promise<Measured> {
  say("bare loop …");
  const before = await measureBareLoop(bare, settings);
  return await withPlatform({ receiver: bare.receiver, on: settings.on }, async (running, platform) => {
    const memory = watchMemory(platform.processes());
    say("platform, sustained …");
    const sustained = await measureSustained(running, settings);
    say("bare loop again …");
    const after = await measureBareLoop(bare, settings);
    const measured = { readyMs: platform.readyMs, bareLoop: [before, after], sustained };
    if (settings.phases === "throughput") return { ...measured, paced: [] };
    const paced = await benchRates(running, settings);
    const eventsBefore = sustained.accepted + paced.reduce((sum, { accepted }) => sum + accepted, 0);
    say(`memory over ${settings.memoryEvents} events …`);
    const { memoryEvents, maxAhead } = settings;
    const rest = await deliverEvents(running, { maxEvents: memoryEvents - eventsBefore, maxAhead, tenants: 1 });
    const remembered = { memory: { events: eventsBefore + rest, processes: memory.end() } };
    if (settings.on === "sqlite") return { ...measured, paced, ...remembered };
    const target = { settings, platform, callbackUrl: String(bare.receiver.greeting), say };
    const subscriptions = await compareSubscriptions(running, target);
    const dispatchers = await compareDispatchers(running, target);
    return { ...measured, paced, ...remembered, subscriptions, dispatchers };
  });
}

async function benchRates(running: Running, settings: Settings): Promise<readonly Paced[]> {
  const results: Paced[] = [];
  for (const rate of settings.rates) {
    say(`delay at ${rate} events a second …`);
    results.push(await measurePaced(running, rate, settings));
  }
  return results;
}

async function profile(service: Profiled, receiver: Child, settings: Settings): Promise<void> {
  const { flags, describe } = createProfiledRun(service);
  const span = await withPlatform({ receiver, on: settings.on, flags }, async (running) => {
    say(`platform, sustained, with a profile of ${service} …`);
    const fromUs = monotonicUs() + settings.warmUpMs * 1000;
    const { perSecond } = await measureSustained(running, settings);
    say(`${perSecond.toFixed(0)}/s, slowed down by the profiler`);
    return { fromUs, toUs: fromUs + settings.sustainedMs * 1000 };
  });
  console.log(describe(span));
}

interface Start {
  readonly receiver: Child;
  readonly on: Settings["on"];
  readonly flags?: MoreFlags;
}

/** Starts the platform and a publisher, does the work, and stops them whatever comes of it. */
async function withPlatform<T>(start: Start, work: (running: Running, platform: Platform) => Promise<T>): Promise<T> {
  say("starting the platform …");
  const platform = await startPlatform(start.on, start.flags);
  try {
    const publisher = await startChild("publisher.ts");
    try {
      return await work(await connect({ receiver: start.receiver, publisher, platform }), platform);
    } finally {
      await publisher.stop();
    }
  } finally {
    await platform.stop();
  }
}

/** Catalog, subscription, and one event all the way, before anything is measured. */
async function connect(parts: {
  readonly receiver: Child;
  readonly publisher: Child;
  readonly platform: Platform;
}): Promise<Running> {
  const { receiver, publisher, platform } = parts;
  receiver.onNotice((deliveries) => {
    publisher.tell({ kind: "received", deliveries: Number(deliveries) } satisfies PublisherNotice);
  });
  await createEventType(platform.subscriptionAddress);
  const callbackUrl = String(receiver.greeting);
  await createSubscriptions({ address: platform.subscriptionAddress, callbackUrl, tenants: [0, 1] });
  await publisher.ask({ kind: "connect", address: platform.ingestAddress }, 10_000);
  const running = { receiver, publisher, processes: platform.processes, countDeferred: platform.countDeferred };
  if ((await deliverEvents(running, { maxEvents: 1, maxAhead: 1_000, tenants: 1 })) !== 1)
    throw new Error("the platform does not take the benchmark's event");
  return running;
}

function print<T>(result: T, format: (result: T) => string, { json }: Settings): void {
  if (json === "-") {
    console.error(format(result));
    console.log(JSON.stringify(result, null, 2));
  } else {
    console.log(format(result));
    if (json !== undefined) writeFileSync(json, JSON.stringify(result, null, 2) + "\n");
  }
}

function publish(result: Result, settings: Settings): void {
  print(result, formatTable, settings);
  const { assertReaches } = settings;
  if (assertReaches && result.reaches.some(({ met }) => !met)) process.exitCode = 1;
}

/** Progress, beside the report. */
function say(text: string): void {
  console.error(`▸ ${text}`);
}
