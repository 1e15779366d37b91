// `npm run bench`: what does Postrider cost beside the least that delivering a webhook can cost?
//
// One run measures both on the same machine in the same minutes, in the order A B A (bare loop, platform, bare loop),
// because a figure from another day or another machine compares nothing. Then delays at steady rates, and memory.
import { writeFileSync } from "node:fs";
import { type Child, startChild } from "./child.ts";
import { watchMemory } from "./measure.ts";
import { deliverEvents, measureBareLoop, measurePaced, measureSustained, type Paced, type Running } from "./phases.ts";
import { type Platform, prepareCatalog, startPlatform } from "./platform.ts";
import type { PublisherNotice } from "./protocol.ts";
import { createResult, formatTable, type Measured, type Result } from "./report.ts";
import { parseSettings, type Settings, usage } from "./settings.ts";

// The children go with the process's exit event, which a signal alone would not raise.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

try {
  const settings = parseSettings(process.argv.slice(2));
  if (settings === undefined) console.log(usage);
  else await main(settings);
} catch (error) {
  // What went wrong is in the message, with the platform's last words; the stack of a benchmark tells nobody more.
  console.error(`✗ ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function main(settings: Settings): Promise<void> {
  const receiver = await startChild("receiver.ts");
  const bareLoop = await startChild("bare-loop.ts");
  try {
    const bare = { receiver, bareLoop };
    const measured = settings.bareOnly ? await benchBareLoop(bare, settings) : await benchBoth(bare, settings);
    publish(createResult(measured, settings), settings);
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
  say("starting the platform …");
  const platform = await startPlatform();
  const publisher = await startChild("publisher.ts");
  try {
    const running = await connect({ receiver: bare.receiver, publisher, platform });
    const memory = watchMemory(platform.pid);
    say("platform, sustained …");
    const sustained = await measureSustained(running, settings);
    say("bare loop again …");
    const after = await measureBareLoop(bare, settings);
    const paced = await benchRates(running, settings);
    const eventsBefore = sustained.accepted + paced.reduce((sum, { accepted }) => sum + accepted, 0);
    say(`memory over ${settings.memoryEvents} events …`);
    const rest = await deliverEvents(running, settings.memoryEvents - eventsBefore, settings.maxAhead);
    const series = memory.end();
    return {
      readyMs: platform.readyMs,
      bareLoop: [before, after],
      sustained,
      paced,
      ...(series === undefined ? {} : { memory: { ...series, events: eventsBefore + rest } }),
    };
  } finally {
    await Promise.all([publisher.stop(), platform.stop()]);
  }
}

async function benchRates(running: Running, settings: Settings): Promise<readonly Paced[]> {
  const results: Paced[] = [];
  for (const rate of settings.rates) {
    say(`delay at ${rate} events a second …`);
    results.push(await measurePaced(running, rate, settings));
  }
  return results;
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
  await prepareCatalog(platform.grpcAddress, String(receiver.greeting));
  await publisher.ask({ kind: "connect", address: platform.grpcAddress }, 10_000);
  const running = { receiver, publisher, platformPid: platform.pid };
  if ((await deliverEvents(running, 1, 1_000)) !== 1)
    throw new Error("the platform does not take the benchmark's event");
  return running;
}

function publish(result: Result, { json, assertReaches }: Settings): void {
  if (json === "-") {
    console.error(formatTable(result));
    console.log(JSON.stringify(result, null, 2));
  } else {
    console.log(formatTable(result));
    if (json !== undefined) writeFileSync(json, JSON.stringify(result, null, 2) + "\n");
  }
  if (assertReaches && result.reaches.some(({ met }) => !met)) process.exitCode = 1;
}

/** Progress, beside the report. */
function say(text: string): void {
  console.error(`▸ ${text}`);
}
