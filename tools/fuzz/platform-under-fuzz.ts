// A platform with something in it, in a process that can be asked to collect its garbage.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { EventTypeServiceClient } from "@postrider/contracts/postrider/v1/event_type";
import { Subscription, SubscriptionServiceClient } from "@postrider/contracts/postrider/v1/subscription";
import { call } from "@postrider/kit-rpc";
import { readStartFlags } from "../services/read-start-flags.ts";
import { type ServiceProcess, startService } from "../services/service-process.ts";
import type { Surroundings } from "./requests/fitting-texts.ts";

export interface PlatformUnderFuzz {
  readonly process: ServiceProcess;
  readonly surroundings: Surroundings;
  /** An event type that no request names. */
  readonly canaryType: string;
  /** Ends it, by force, and removes its data. */
  readonly remove: () => Promise<void>;
}

const COLLECT_ON_SIGNAL = "data:text/javascript,process.on('SIGUSR2',()=>globalThis.gc())";
const SUBSCRIPTIONS = 40;
const EVENT_TYPES = 12;

export async function startPlatformUnderFuzz(): Promise<PlatformUnderFuzz> {
  const dataDir = mkdtempSync(join(tmpdir(), "postrider-fuzz-"));
  const service = await startService({
    name: "standalone",
    environment: { POSTRIDER_DATA_DIR: dataDir, POSTRIDER_LOG_LEVEL: "warn" },
    nodeArguments: [...readStartFlags("standalone"), "--expose-gc", "--import", COLLECT_ON_SIGNAL],
  });
  const canaryType = "canary_sang";
  return {
    process: service,
    surroundings: await furnish(service.grpcAddress, canaryType),
    canaryType,
    remove: async () => {
      if (service.exit() === undefined) await service.stop("SIGKILL");
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function furnish(address: string, canaryType: string): Promise<Surroundings> {
  const insecure = credentials.createInsecure();
  const catalog = new EventTypeServiceClient(address, insecure);
  const subscriptions = new SubscriptionServiceClient(address, insecure);
  const deadline = (): { deadline: Date } => ({ deadline: new Date(Date.now() + 30_000) });
  try {
    const eventTypes = Array.from({ length: EVENT_TYPES }, (_, index) => `order.kind_${index}`);
    for (const name of [...eventTypes, canaryType]) {
      const eventType = { ...{ name, description: "", schema: "", examples: [], acknowledgement: "" }, ...OURS };
      await call(catalog.createEventType.bind(catalog), { eventType }, deadline());
    }
    const made = await Promise.all(
      Array.from({ length: SUBSCRIPTIONS }, async (_, index) => {
        // Port 9 answers nobody; and no event of the fuzzer is for this tenant.
        const wanted = { tenantId: `owner_${index}`, callbackUrl: "http://127.0.0.1:9/hook", eventTypes: ["order.*"] };
        const subscription = { ...Subscription.decode(new Uint8Array()), ...wanted };
        return call(subscriptions.createSubscription.bind(subscriptions), { subscription }, deadline());
      }),
    );
    return { eventTypes, subscriptionIds: made.map(({ subscription }) => subscription?.id ?? "") };
  } finally {
    catalog.close();
    subscriptions.close();
  }
}

/** What the catalog itself sets. */
const OURS = { deprecated: false, version: 0, createTime: undefined, updateTime: undefined };
