// The result of a run as a table for people.
import type { Paced, Sustained, Throughput } from "./phases.ts";
import type { Result } from "./report.ts";

export function formatTable(result: Result): string {
  const { machine } = result;
  const sections = [
    [
      `${machine.cpu}, ${machine.cores} cores, ${gigabytes(machine.memoryBytes)}, ${machine.os}, Node ${machine.node}`,
      ...readyRow(result),
    ],
    throughputRows(result),
    result.paced.map(pacedRow),
    memoryRows(result),
    subscriptionRows(result),
    dispatcherRows(result),
    result.reaches.map(
      ({ name, value, bound, met }) => `${met ? "✓" : "✗"} ${name}: ${value.toPrecision(3)} (wanted ${bound})`,
    ),
  ];
  return sections
    .filter(({ length }) => length > 0)
    .map((rows) => rows.join("\n"))
    .join("\n\n");
}

function readyRow({ readyMs }: Result): readonly string[] {
  if (readyMs === undefined) return [];
  return [
    `ready after: ${Object.entries(readyMs)
      .map(([name, ms]) => `${name} ${ms.toFixed(0)} ms`)
      .join(", ")}`,
  ];
}

/** Above this difference between the two runs of the bare loop something else used the machine. */
const quietSpread = 0.15;

function throughputRows({ bareLoop, bareLoopPerSecond, bareLoopSpread, sustained, ratio }: Result): readonly string[] {
  return [
    ...bareLoop.map((loop, index) => throughputRow(`bare loop, run ${index + 1}`, loop)),
    `${"bare loop, median".padEnd(nameWidth)}${bareLoopPerSecond.toFixed(0).padStart(8)}/s`,
    ...(bareLoopSpread <= quietSpread ? [] : [busyRow(bareLoopSpread)]),
    ...(sustained === undefined ? [] : sustainedRows("platform, sustained", sustained)),
    ...(ratio === undefined ? [] : [`${"share of the bare loop".padEnd(nameWidth)}${ratio.toFixed(2).padStart(8)}`]),
  ];
}

const nameWidth = 26;

function throughputRow(name: string, { perSecond, cpuUsPerDelivery }: Throughput): string {
  const costs = Object.entries(cpuUsPerDelivery);
  const cpu = costs.map(([process, us]) => `${process} ${us.toFixed(us < 10 ? 1 : 0)}`);
  // Of many processes the sum tells what the cores had to do.
  if (costs.length > 3) cpu.push(`together ${costs.reduce((sum, [, us]) => sum + us, 0).toFixed(0)}`);
  return `${name.padEnd(nameWidth)}${perSecond.toFixed(0).padStart(8)}/s   CPU µs per delivery: ${cpu.join(", ") || "unknown"}`;
}

function busyRow(spread: number): string {
  return `  ! its runs differ by ${(spread * 100).toFixed(0)} %: the machine was busy, the figures are rough`;
}

function sustainedRows(name: string, sustained: Sustained): readonly string[] {
  return [throughputRow(name, sustained), saturationRow(sustained)];
}

/** With under four batches ahead it was publishing, not delivering, that set the pace. */
function saturationRow({ lowestAhead, accepted, rejected, deferred }: Sustained): string {
  const bound = lowestAhead < 400 ? "publishing set the pace" : "delivering set the pace";
  return `${"".padEnd(nameWidth)}${bound}: at least ${lowestAhead} events waited; ${accepted} accepted, ${rejected} rejected, ${deferred} deferred`;
}

function pacedRow({ perSecond, delay, acknowledged, ...paced }: Paced): string {
  const delays = [delay.p50Ms, delay.p95Ms, delay.p99Ms, delay.maxMs].map((ms) => ms.toFixed(1)).join(" / ");
  return (
    `publish to receipt at ${perSecond}/s: p50 / p95 / p99 / max ${delays} ms ` +
    `(acknowledged: p50 ${acknowledged.p50Ms.toFixed(1)} ms; publisher late by at most ${paced.publisherMaxLateMs.toFixed(1)} ms; ` +
    `${paced.rejected} rejected, ${paced.received} received of ${paced.accepted})`
  );
}

function memoryRows({ memory }: Result): readonly string[] {
  return Object.entries(memory?.processes ?? {}).map(([name, { startBytes, maxBytes, endBytes }]) => {
    const [start, max, end] = [startBytes, maxBytes, endBytes].map((bytes) => (bytes / 1e6).toFixed(0));
    return `memory of ${name} over ${memory?.events ?? 0} events: ${start} MB at first, ${max} MB at most, ${end} MB at last`;
  });
}

function subscriptionRows({ subscriptions }: Result): readonly string[] {
  if (subscriptions === undefined) return [];
  const { few, many, createdMs, firstEventsMs, cpuRatio } = subscriptions;
  return [
    ...[few, many].flatMap(({ subscriptions: count, runs }) =>
      runs.flatMap((run) => sustainedRows(`${count} subscriptions`, run)),
    ),
    `creating ${many.subscriptions}: ${(createdMs / 1000).toFixed(1)} s; the first event of each: ${(firstEventsMs / 1000).toFixed(1)} s`,
    ...ratioRow("dispatcher's CPU, many by few", cpuRatio),
  ];
}

function dispatcherRows({ dispatchers }: Result): readonly string[] {
  if (dispatchers === undefined) return [];
  return [
    ...sustainedRows("one dispatcher", dispatchers.one),
    ...sustainedRows("two dispatchers", dispatchers.two),
    ...ratioRow("rate, two by one", dispatchers.rateRatio),
    ...ratioRow("dispatchers' CPU, two by one", dispatchers.cpuRatio),
  ];
}

function ratioRow(name: string, ratio: number | undefined): readonly string[] {
  return ratio === undefined ? [] : [`${name}: ${ratio.toFixed(2)}`];
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
