// What more of something costs: of dispatchers, and of subscriptions. Both compare phases that follow each other.
import { createSubscriptions } from "./catalog.ts";
import { deliverEvents, measureSustained, type Running, type Sustained } from "./phases.ts";
import { nameDispatcher, type Platform } from "./platform.ts";
import type { Settings } from "./settings.ts";

export interface MoreSubscriptions {
  readonly few: Compared;
  readonly many: Compared;
  /** How long it took to create them, and to have the first event of each tenant delivered. */
  readonly createdMs: number;
  readonly firstEventsMs: number;
  /** The dispatcher's CPU per delivery with many by that with few. */
  readonly cpuRatio?: number;
}

interface Compared {
  readonly subscriptions: number;
  /** With few: before there were many, and after. */
  readonly runs: readonly Sustained[];
}

const few = 10;
const many = 10_000;

/** Each tenant has one subscription, and the events go round all tenants. */
export async function compareSubscriptions(running: Running, target: Target): Promise<MoreSubscriptions> {
  const { settings, platform, callbackUrl, say } = target;
  const create = async (tenants: readonly [number, number]): Promise<void> => {
    const onProgress = (created: number): void => {
      if (created % 1_000 === 0) say(`  ${created} subscriptions …`);
    };
    await createSubscriptions({ address: platform.subscriptionAddress, callbackUrl, tenants, onProgress });
  };
  const deliverToAll = async (): Promise<unknown> =>
    deliverEvents(running, { maxEvents: many, maxAhead: settings.maxAhead, tenants: many });
  // The first one is there already.
  await create([1, few]);
  say(`sustained, ${few} subscriptions …`);
  const before = await measureSustained(running, settings, few);
  say(`creating ${many} subscriptions …`);
  const createdMs = await takeTime(() => create([few, many]));
  const firstEventsMs = await takeTime(deliverToAll);
  // Lookups that were put off are made by now, so that what is measured is what a delivery costs from then on.
  await deliverToAll();
  say(`sustained, ${many} subscriptions …`);
  const measured = await measureSustained(running, settings, many);
  say(`sustained, ${few} subscriptions again …`);
  const after = await measureSustained(running, settings, few);
  return {
    few: { subscriptions: few, runs: [before, after] },
    many: { subscriptions: many, runs: [measured] },
    createdMs,
    firstEventsMs,
    ...compareCpu(dispatcherCpuUs(measured), (dispatcherCpuUs(before) + dispatcherCpuUs(after)) / 2),
  };
}

export interface MoreDispatchers {
  readonly one: Sustained;
  readonly two: Sustained;
  /** Deliveries a second of two by those of one. */
  readonly rateRatio: number;
  /** CPU per delivery of both dispatchers by that of one. */
  readonly cpuRatio?: number;
}

/** One dispatcher, then two; on the same cores, so that two can't be faster where one has used them up. */
export async function compareDispatchers(running: Running, target: Target): Promise<MoreDispatchers> {
  const { settings, platform, say } = target;
  if (platform.startDispatcher === undefined) throw new Error("this platform has no more than one dispatcher");
  say("sustained, one dispatcher …");
  const one = await measureSustained(running, settings);
  say("starting a second dispatcher …");
  await platform.startDispatcher();
  say("sustained, two dispatchers …");
  const two = await measureSustained(running, settings);
  return {
    one,
    two,
    rateRatio: two.perSecond / one.perSecond,
    ...compareCpu(dispatcherCpuUs(two), dispatcherCpuUs(one)),
  };
}

export interface Target {
  readonly settings: Settings;
  readonly platform: Platform;
  readonly callbackUrl: string;
  readonly say: (text: string) => void;
}

/** Of all dispatchers together; NaN where it can't be read. */
export function dispatcherCpuUs({ cpuUsPerDelivery }: Sustained): number {
  return (cpuUsPerDelivery[nameDispatcher(0)] ?? NaN) + (cpuUsPerDelivery[nameDispatcher(1)] ?? 0);
}

function compareCpu(us: number, byUs: number): { readonly cpuRatio?: number } {
  return Number.isFinite(us / byUs) ? { cpuRatio: us / byUs } : {};
}

async function takeTime(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}
