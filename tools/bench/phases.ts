// The phases of a run. Each resets the receiver, loads it, and says what was measured.
import type { Child } from "./child.ts";
import { type Processes, readCpuUs } from "./measure.ts";
import type {
  BareLoopCommand,
  BareLoopReport,
  Delay,
  PublisherCommand,
  PublisherNotice,
  PublisherReport,
  ReceiverCommand,
  ReceiverReport,
  SaturateCommand,
} from "./protocol.ts";
import type { Settings } from "./settings.ts";

/** Longest wait for what was accepted to arrive, once publishing has ended. */
const drainTimeoutMs = 60_000;
/** Bound of a phase that counts events instead of seconds. */
const countedTimeoutMs = 300_000;
const askTimeoutMs = 10_000;

/** A measured window of a saturated system. */
export interface Throughput {
  readonly perSecond: number;
  readonly seconds: number;
  /** Microseconds of CPU per delivery by process; left out where it can't be read. */
  readonly cpuUsPerDelivery: Readonly<Record<string, number>>;
}

export interface Sustained extends Throughput {
  /** See {@link PublisherReport.lowestAhead}. */
  readonly lowestAhead: number;
  readonly accepted: number;
  readonly rejected: number;
  /** Deliveries that were put off because their endpoint seemed to have no room: each is written and read once more. */
  readonly deferred: number;
}

export interface Paced {
  readonly perSecond: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly received: number;
  readonly delay: Delay;
  readonly acknowledged: Delay;
  readonly publisherMaxLateMs: number;
}

/** The bare loop for `bareMs` after the warm-up. @throws when a request of it fails */
export async function measureBareLoop(
  { receiver, bareLoop }: { readonly receiver: Child; readonly bareLoop: Child },
  settings: Settings,
): Promise<Throughput> {
  await askReceiver(receiver, { kind: "reset" });
  const url = String(receiver.greeting);
  const command: BareLoopCommand = { kind: "run", url, concurrency: settings.concurrency };
  const run = bareLoop.ask(command, settings.warmUpMs + settings.bareMs + drainTimeoutMs);
  const window = measureWindow({ "bare loop": bareLoop.pid, receiver: receiver.pid }, receiver, {
    warmUpMs: settings.warmUpMs,
    measuredMs: settings.bareMs,
    begin: () => undefined,
  });
  // The run only ends by itself when it fails.
  const throughput = await Promise.race([window, run.then(() => window)]);
  bareLoop.tell("stop");
  const { failed, sent } = (await run) as BareLoopReport;
  if (failed > 0) throw new Error(`the bare loop is no reference: ${failed} of its ${sent} requests failed`);
  return throughput;
}

export interface Running {
  readonly receiver: Child;
  readonly publisher: Child;
  /** Of the platform. */
  readonly processes: () => Processes;
  readonly countDeferred: () => Promise<number>;
}

/**
 * The platform, kept busy, for `sustainedMs` after the warm-up; then until everything accepted has arrived. The events
 * are spread over so many tenants.
 */
export async function measureSustained(running: Running, settings: Settings, tenants = 1): Promise<Sustained> {
  const { receiver, publisher } = running;
  await askReceiver(receiver, { kind: "reset" });
  const deferredBefore = await running.countDeferred();
  const run = askPublisher(
    publisher,
    { kind: "saturate", maxEvents: Number.MAX_SAFE_INTEGER, maxAhead: settings.maxAhead, tenants },
    settings.warmUpMs + settings.sustainedMs + drainTimeoutMs,
  );
  const processes = { ...running.processes(), publisher: publisher.pid, receiver: receiver.pid };
  const window = measureWindow(processes, receiver, {
    warmUpMs: settings.warmUpMs,
    measuredMs: settings.sustainedMs,
    begin: () => {
      publisher.tell({ kind: "mark" } satisfies PublisherNotice);
    },
  });
  const throughput = await Promise.race([window, run.then(() => window)]);
  publisher.tell({ kind: "stop" } satisfies PublisherNotice);
  const report = await run;
  if (throughput.perSecond === 0)
    throw new Error(`nothing arrived: ${report.lastRejection ?? "no event was rejected"}`);
  await untilReceived(receiver, report);
  const { lowestAhead, accepted, rejected } = report;
  const deferred = (await running.countDeferred()) - deferredBefore;
  return { ...throughput, lowestAhead, accepted, rejected, deferred };
}

/** Single events at a steady rate, whatever the platform does. */
export async function measurePaced(running: Running, perSecond: number, settings: Settings): Promise<Paced> {
  await askReceiver(running.receiver, { kind: "reset" });
  const command: PublisherCommand = { kind: "pace", perSecond, durationMs: settings.pacedMs };
  const report = await askPublisher(running.publisher, command, settings.pacedMs + drainTimeoutMs);
  const { deliveries, delay, unreadable } = await untilReceived(running.receiver, report);
  if (unreadable > 0) throw new Error(`${unreadable} of ${deliveries} bodies had no publish time: no delay is known`);
  const { accepted, rejected, acknowledged, maxLateMs: publisherMaxLateMs } = report;
  return { perSecond, accepted, rejected, received: deliveries, delay, acknowledged, publisherMaxLateMs };
}

/** So many events as fast as the platform takes them; resolves with how many it took when all have arrived. */
export async function deliverEvents(running: Running, load: Omit<SaturateCommand, "kind">): Promise<number> {
  if (load.maxEvents <= 0) return 0;
  await askReceiver(running.receiver, { kind: "reset" });
  const report = await askPublisher(running.publisher, { kind: "saturate", ...load }, countedTimeoutMs);
  await untilReceived(running.receiver, report);
  return report.accepted;
}

interface Window {
  readonly warmUpMs: number;
  readonly measuredMs: number;
  readonly begin: () => void;
}

async function measureWindow(processes: Processes, receiver: Child, window: Window): Promise<Throughput> {
  await wait(window.warmUpMs);
  window.begin();
  const cpuBefore = readAllCpu(processes);
  const before = await askReceiver(receiver, { kind: "report" });
  await wait(window.measuredMs);
  const cpuAfter = readAllCpu(processes);
  const after = await askReceiver(receiver, { kind: "report" });
  const deliveries = after.deliveries - before.deliveries;
  const seconds = (after.atMs - before.atMs) / 1000;
  const cpuUsPerDelivery = Object.keys(processes).flatMap((name): [string, number][] => {
    const [from, to] = [cpuBefore[name], cpuAfter[name]];
    return from === undefined || to === undefined || deliveries === 0 ? [] : [[name, (to - from) / deliveries]];
  });
  return { perSecond: deliveries / seconds, seconds, cpuUsPerDelivery: Object.fromEntries(cpuUsPerDelivery) };
}

function readAllCpu(processes: Processes): Record<string, number | undefined> {
  return Object.fromEntries(Object.entries(processes).map(([name, pid]) => [name, readCpuUs(pid)]));
}

/** @throws when fewer arrive than were accepted: then there is nothing to measure, but something to mend */
async function untilReceived(receiver: Child, { accepted }: PublisherReport): Promise<ReceiverReport> {
  const endsAtMs = performance.now() + drainTimeoutMs;
  for (;;) {
    const report = await askReceiver(receiver, { kind: "report" });
    if (report.deliveries >= accepted) return report;
    if (performance.now() > endsAtMs) {
      throw new Error(`${accepted} events were accepted and ${report.deliveries} arrived within ${drainTimeoutMs} ms`);
    }
    await wait(50);
  }
}

async function askReceiver(receiver: Child, command: ReceiverCommand): Promise<ReceiverReport> {
  return (await receiver.ask(command, askTimeoutMs)) as ReceiverReport;
}

async function askPublisher(publisher: Child, command: PublisherCommand, timeoutMs: number): Promise<PublisherReport> {
  return (await publisher.ask(command, timeoutMs)) as PublisherReport;
}

async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
