import type {
  ReportEndpointHealthRequest,
  Subscription,
  SubscriptionChange,
} from "@postrider/contracts/postrider/v1/subscription";
import type { DispatcherDeps } from "@postrider/dispatcher";
import { SimulatedHealth } from "./simulated-health.ts";
import type { Machine } from "../time/machine.ts";
import type { RandomSource } from "../time/random-source.ts";

type Subscriptions = DispatcherDeps["subscriptions"];

/** As the real client: a lookup that gets no answer is given up then. */
const LOOKUP_DEADLINE_MS = 2_000;
/** From the test vectors of Standard Webhooks. */
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/** That there is one is all that a dispatcher looks at. */
const STREAK: NonNullable<Subscription["failureStreak"]> = { since: undefined, failures: 1n, disableTime: undefined };

/** Who is told what the service does by itself. */
export interface ServiceObserver {
  readonly nowMs: () => number;
  /** A dispatcher had a subscription disabled, or nothing went well for too long; just now. */
  readonly disabled: (id: string) => void;
  /** Its tenant is told that nothing went well since then, by all that the service knows. */
  readonly warned: (id: string, sinceMs: number) => void;
}

const UNOBSERVED: ServiceObserver = { nowMs: () => 0, disabled: () => undefined, warned: () => undefined };

/** What goes wrong at the service, until it is set otherwise. */
export interface ServiceFaults {
  isAway: boolean;
  /** While it is away, lookups get no answer at all instead of a refusal. */
  hangs: boolean;
}

/** The subscription service: who wants what, and a stream of changes by revision. */
export class SimulatedSubscriptions {
  readonly faults: ServiceFaults = { isAway: false, hangs: false };
  readonly #random: RandomSource;
  readonly #observer: ServiceObserver;
  readonly #health = new SimulatedHealth();
  readonly #disabled = new Set<string>();
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #changes: SubscriptionChange[] = [];
  #revision = 100n;
  /** Counts the times at which all streams broke. */
  #breaks = 0;
  readonly #wakeWatchers = new Set<() => void>();

  constructor(random: RandomSource, observer: ServiceObserver = UNOBSERVED) {
    this.#random = random;
    this.#observer = observer;
  }

  /** From now on it is so. */
  put(subscription: Subscription): void {
    this.#subscriptions.set(subscription.id, subscription);
    this.#note(subscription);
  }

  remove(id: string): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) return;
    this.#subscriptions.delete(id);
    this.#note(subscription);
  }

  /** Somebody resumes what was disabled. */
  resume(id: string, atMs: number): void {
    this.#health.beginAnew(id, atMs);
    const subscription = this.#subscriptions.get(id);
    if (this.#disabled.delete(id) && subscription !== undefined) this.#note(subscription);
  }

  breakWatches(): void {
    this.#breaks += 1;
    this.#wake();
  }

  connect(machine: Machine): Subscriptions {
    return {
      resolve: async ({ tenantId, eventType }) => {
        await machine.pass();
        await machine.wait(this.#drawLatencyMs());
        if (this.faults.isAway) {
          if (this.faults.hangs) await machine.wait(LOOKUP_DEADLINE_MS);
          throw new Error("the subscription service is away");
        }
        const answer = this.#resolve(tenantId, eventType);
        await machine.wait(this.#drawLatencyMs());
        return answer;
      },
      watch: ({ afterRevision }, signal) => this.#watch(afterRevision, signal, machine),
      disable: async ({ id }) => {
        await machine.pass();
        await machine.wait(this.#drawLatencyMs());
        if (this.faults.isAway) throw new Error("the subscription service is away");
        this.#disable(id);
        await machine.wait(this.#drawLatencyMs());
      },
      reportHealth: async (request) => {
        await machine.pass();
        await machine.wait(this.#drawLatencyMs());
        if (this.faults.isAway) throw new Error("the subscription service is away");
        this.#takeReport(request);
        const answer = this.#health.answer(request);
        await machine.wait(this.#drawLatencyMs());
        return answer;
      },
    };
  }

  #disable(id: string): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined || this.#disabled.has(id)) return;
    this.#disabled.add(id);
    this.#note(subscription);
    this.#observer.disabled(id);
  }

  #takeReport(request: ReportEndpointHealthRequest): void {
    const { subscriptionId: id } = request;
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined || this.#disabled.has(id)) return;
    const news = this.#health.take(request, this.#observer.nowMs());
    if (news === undefined) return;
    if (news.kind !== "changed") this.#observer.warned(id, news.sinceMs);
    if (news.kind === "given_up") this.#disable(id);
    else this.#note(subscription);
  }

  #resolve(tenantId: string, eventType: string): Awaited<ReturnType<Subscriptions["resolve"]>> {
    const subscriptions = [...this.#subscriptions.values()].filter(
      (subscription) =>
        subscription.tenantId === tenantId && wants(subscription, eventType) && !this.#disabled.has(subscription.id),
    );
    const told = subscriptions.map((subscription) =>
      this.#health.isSuspected(subscription.id) ? { ...subscription, failureStreak: STREAK } : subscription,
    );
    const keys = [{ secret: SECRET, expireTime: undefined }];
    return {
      subscriptions: told,
      revision: this.#revision,
      signingKeys: Object.fromEntries(subscriptions.map(({ id }) => [id, { keys }])),
    };
  }

  async *#watch(afterRevision: bigint, signal: AbortSignal, machine: Machine): AsyncGenerator<SubscriptionChange> {
    await machine.pass();
    await machine.wait(this.#drawLatencyMs());
    if (this.faults.isAway) throw new Error("the subscription service is away");
    const breaks = this.#breaks;
    let told = afterRevision === 0n ? this.#revision : afterRevision;
    const findNext = (): SubscriptionChange | undefined => this.#changes.find(({ revision }) => revision > told);
    if (!findNext()) yield { revision: told, tenantId: "", subscriptionId: "" };
    while (!signal.aborted) {
      if (this.#breaks !== breaks) throw new Error("the stream broke");
      const next = findNext();
      if (next) {
        told = next.revision;
        yield next;
      } else await this.#untilWoken(signal, machine);
    }
  }

  async #untilWoken(signal: AbortSignal, machine: Machine): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#wakeWatchers.delete(wake);
        signal.removeEventListener("abort", wake);
        machine.later(this.#drawLatencyMs(), resolve);
      };
      this.#wakeWatchers.add(wake);
      signal.addEventListener("abort", wake);
    });
  }

  #note({ id, tenantId }: Subscription): void {
    this.#revision += 1n;
    this.#changes.push({ revision: this.#revision, tenantId, subscriptionId: id });
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#wakeWatchers]) wake();
  }

  #drawLatencyMs(): number {
    return this.#random.between(0.5, 5);
  }
}

function wants({ eventTypes }: Subscription, eventType: string): boolean {
  return eventTypes.some((wanted) => wanted === "*" || wanted === eventType);
}
