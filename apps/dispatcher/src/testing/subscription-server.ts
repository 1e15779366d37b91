import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import {
  type ResolveRequest,
  type ResolveResponse,
  type Subscription,
  type SubscriptionChange,
  SubscriptionServiceService,
  type WatchRequest,
} from "@postrider/contracts/postrider/v1/subscription";
import { type RpcServer, serverStream, startRpcServer, unary } from "@postrider/kit-rpc";
import { accessForEverybody } from "@postrider/kit-rpc/testing";
import { createWatchers, type Watchers } from "@postrider/testing";
import { SECRET } from "./builders.ts";

/** A subscription service in memory, as a real gRPC server: it resolves, and tells of changes by their revision. */
export class SubscriptionServer {
  /** Questions that came so far, as tenant/type. */
  readonly asked: string[] = [];
  /** By tenant. */
  readonly urls = new Map<string, string>();
  revision = 100n;
  readonly #log: SubscriptionChange[] = [];
  readonly #watchers: Watchers = createWatchers();
  #watching = 0;
  #server: RpcServer | undefined;

  get address(): string {
    if (!this.#server) throw new Error("the server is not started");
    return this.#server.address;
  }

  /** Starts it, on the port that it had if it was started before. */
  async start(): Promise<void> {
    const address = this.#server?.address ?? "127.0.0.1:0";
    const implementation: UntypedServiceImplementation = {
      ...Object.fromEntries(Object.keys(SubscriptionServiceService).map((name) => [name, unary(refuse)])),
      resolve: unary(async (request: ResolveRequest) => Promise.resolve(this.#resolve(request))),
      watch: serverStream((request: WatchRequest, signal) => this.#watch(request, signal)),
    };
    const service = {
      ...{ name: "postrider.v1.SubscriptionService", definition: SubscriptionServiceService },
      implementation,
      access: accessForEverybody(SubscriptionServiceService),
    };
    this.#server = await startRpcServer({ address, services: [service], maxMessageBytes: 1024 * 1024 });
  }

  async stop(): Promise<void> {
    await this.#server?.close(0);
  }

  /** Sets or (without a URL) deletes the tenant's one subscription. */
  change(tenantId: string, url?: string): void {
    if (url === undefined) this.urls.delete(tenantId);
    else this.urls.set(tenantId, url);
    this.revision += 1n;
    this.#log.push({ revision: this.revision, tenantId, subscriptionId: "sub_1" });
    this.#watchers.changed();
  }

  /** A database as it was before: the revision goes back, and the changes since are gone. */
  restore(revision: bigint): void {
    this.revision = revision;
    this.#log.length = 0;
  }

  async untilWatched(): Promise<void> {
    await this.#watchers.waitUntil(
      () => this.#watching > 0,
      () => "nobody watches",
    );
  }

  async *#watch({ afterRevision }: WatchRequest, signal: AbortSignal): AsyncGenerator<SubscriptionChange> {
    signal.addEventListener("abort", this.#watchers.changed);
    const start = afterRevision === 0n || afterRevision > this.revision ? this.revision : afterRevision;
    let told = start;
    const findNext = (): SubscriptionChange | undefined => this.#log.find(({ revision }) => revision > told);
    if (!findNext()) yield { revision: start, tenantId: "", subscriptionId: "" };
    this.#watching += 1;
    this.#watchers.changed();
    try {
      while (!signal.aborted) {
        const next = findNext();
        if (next) {
          told = next.revision;
          yield next;
        } else await this.#untilChanged(signal, () => findNext() !== undefined);
      }
    } finally {
      this.#watching -= 1;
    }
  }

  async #untilChanged(signal: AbortSignal, isThere: () => boolean): Promise<void> {
    await this.#watchers.waitUntil(
      () => signal.aborted || isThere(),
      () => "nothing changed",
      60_000,
    );
  }

  #resolve({ tenantId, eventType }: ResolveRequest): ResolveResponse {
    this.asked.push(`${tenantId}/${eventType}`);
    const url = this.urls.get(tenantId);
    if (url === undefined) return { subscriptions: [], revision: this.revision, signingKeys: {} };
    const signingKeys = { sub_1: { keys: [{ secret: SECRET, expireTime: undefined }] } };
    return { subscriptions: [subscriptionOf(tenantId, url)], revision: this.revision, signingKeys };
  }
}

function subscriptionOf(tenantId: string, callbackUrl: string): Subscription {
  return {
    ...{
      id: "sub_1",
      tenantId,
      callbackUrl,
      eventTypes: ["*"],
      description: "",
      state: 1,
      disabledReason: "",
      pendingReason: "",
      consent: undefined,
    },
    ...{ method: 1, payloadFormat: 1, headers: {}, signature: 1, acknowledgement: undefined, retryPolicy: undefined },
    ...{
      limits: undefined,
      secret: "",
      createTime: undefined,
      updateTime: undefined,
      failureStreak: undefined,
      publicKeys: [],
    },
  };
}

async function refuse(): Promise<never> {
  return Promise.reject(new Error("the dispatcher does not call this"));
}
