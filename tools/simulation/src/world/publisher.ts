import { encodeEvent } from "@postrider/records";
import type { SimulatedKafka } from "../log/simulated-cluster.ts";
import type { Machine } from "../time/machine.ts";
import type { RandomSource } from "../time/random-source.ts";
import type { VirtualTime } from "../time/virtual-time.ts";
import type { Accepted } from "./facts.ts";
import { EVENT_TYPES, type Plan, type TenantPlan } from "./plan.ts";

/** Between two tries to publish the same event, which goes by the same id. */
const RETRY_MS = { least: 100, most: 5_000 };
/** The share of publishers that give up after a failure: then nobody may rely on the event. */
const GIVES_UP = 0.05;
/** The most events that come with a fault. */
const STIRRED = 40;
/** Over which the events of a burst are spread. */
const BURST_MS = 3_000;
const DATA = Buffer.from('{"total":1}');

export interface PublisherDeps {
  readonly time: VirtualTime;
  readonly random: RandomSource;
  readonly plan: Plan;
  /** Never killed: publishers are somebody else's. */
  readonly machine: Machine;
  readonly kafka: SimulatedKafka;
  readonly onAccepted: (accepted: Accepted) => void;
}

/** Publishes events of all tenants, as ingest does it, until it gets quiet. */
export class Publisher {
  readonly #deps: PublisherDeps;
  #count = 0;

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
  }

  start(): void {
    for (const tenant of this.#deps.plan.tenants) {
      this.#repeat(tenant.everyMs, () => {
        void this.#publish(tenant);
      });
      this.#repeat(tenant.burst.everyMs, () => {
        const { most } = tenant.burst;
        this.#burst(tenant, Math.round(this.#deps.random.magnitude(most / 10, most)));
      });
    }
  }

  /** Some events of one tenant within seconds, so that what goes wrong now does not meet idle dispatchers. */
  stir(): void {
    const { plan, random } = this.#deps;
    const tenant = plan.tenants[random.whole(0, plan.tenants.length - 1)];
    if (tenant) this.#burst(tenant, random.whole(1, STIRRED));
  }

  #repeat(everyMs: number, callback: () => void): void {
    const { time, random, plan } = this.#deps;
    time.after(random.exponential(everyMs), () => {
      if (time.nowMs >= plan.quietFromMs) return;
      callback();
      this.#repeat(everyMs, callback);
    });
  }

  #burst(tenant: TenantPlan, count: number): void {
    const { time, random } = this.#deps;
    for (let index = 0; index < count; index++) {
      time.after(random.between(0, BURST_MS), () => {
        void this.#publish(tenant);
      });
    }
  }

  async #publish({ id: tenantId }: TenantPlan): Promise<void> {
    const { time, random, machine, kafka, onAccepted } = this.#deps;
    this.#count += 1;
    const eventId = `e${this.#count}`;
    const type = random.pick(EVENT_TYPES);
    const publishedAtMs = time.nowMs;
    const described = { source: "simulation", timeMs: machine.clock.nowMs(), contentType: "application/json" };
    const record = encodeEvent({ id: eventId, tenantId, type, data: DATA, ...described });
    for (;;) {
      try {
        await kafka.producer.append([record]);
        onAccepted({ eventId, tenantId, type, publishedAtMs, acceptedAtMs: time.nowMs });
        return;
      } catch {
        if (random.chance(GIVES_UP)) return;
        await machine.wait(random.magnitude(RETRY_MS.least, RETRY_MS.most));
      }
    }
  }
}
