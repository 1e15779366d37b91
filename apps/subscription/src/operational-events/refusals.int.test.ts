import { RpcError, type RpcErrorCode } from "@postrider/kit-rpc";
import { createLogger, type Logger } from "@postrider/kit-telemetry";
import type { Registry } from "prom-client";
import { expect, onTestFinished, test } from "vitest";
import { connectIngest } from "../grpc/ingest-client.ts";
import { subscriptionMessage } from "../testing/build-messages.ts";
import { type RunningIngest, startIngest } from "../testing/start-ingest.ts";
import { startOutbox } from "../testing/start-outbox.ts";
import { ask, startOnSqlite } from "../testing/start-subscription.ts";

interface Bench {
  readonly ingest: RunningIngest;
  readonly registry: Registry;
  /** What was logged at error. */
  readonly errors: unknown[];
  /** Disables a new subscription, which is an event for its tenant. */
  readonly disableOne: () => Promise<string>;
  /** Ends the outbox when what it has begun is done. */
  readonly stop: () => Promise<void>;
}

/** An outbox between a real store and an ingest at the other end of a real connection. */
async function startBench(): Promise<Bench> {
  const running = await startOnSqlite();
  const ingest = await startIngest();
  const client = connectIngest({ address: ingest.address });
  onTestFinished(client.close);
  const errors: unknown[] = [];
  const logger: Logger = createLogger({ service: "test", level: "silent" });
  logger.error = (fields: unknown): void => {
    errors.push(fields);
  };
  const { registry, stop } = await startOutbox(running, client, logger);
  const disableOne = async (): Promise<string> => {
    const wanted = { subscription: subscriptionMessage() };
    const { subscription } = await ask(running.subscriptions, "createSubscription", wanted);
    const { id = "" } = subscription ?? {};
    await ask(running.subscriptions, "disableSubscription", { id, reason: "gone", callbackUrl: "" });
    return id;
  };
  return { ingest, registry, errors, disableOne, stop };
}

async function readValue(registry: Registry, name: string): Promise<number> {
  const metric = await registry.getSingleMetric(name)?.get();
  return (metric?.values ?? []).reduce((sum, { value }) => sum + value, 0);
}

const FOR_GOOD: readonly RpcErrorCode[] = [
  ...(["invalid_argument", "not_found", "already_exists", "failed_precondition"] as const),
];

test.each(FOR_GOOD)(
  "an event that ingest refuses with %s is told to the operator, and holds nobody back",
  async (code) => {
    const { ingest, registry, errors, disableOne, stop } = await startBench();
    let refusedId = "";
    ingest.refuse = ({ orderingKey }) => (orderingKey === refusedId ? new RpcError(code, "not this one") : undefined);
    // Of the first nothing is known before it is there: all are refused until then.
    const refuseOne = ingest.refuse;
    ingest.refuse = () => new RpcError("unavailable", "not yet");
    refusedId = await disableOne();
    const [second, third] = [await disableOne(), await disableOne()];
    await ingest.untilAsked(1);
    expect(await readValue(registry, "postrider_operational_events_lag_seconds")).toBeGreaterThan(0);
    ingest.refuse = refuseOne;
    await ingest.untilAccepted(2);
    await stop();

    expect(ingest.accepted.map(({ orderingKey }) => orderingKey)).toEqual([second, third]);
    expect(errors).toMatchObject([
      { subscriptionId: refusedId, type: "postrider.subscription.disabled", tenantId: "acme" },
    ]);
    expect(await readValue(registry, "postrider_operational_events_refused_total")).toBe(1);
  },
);

const PASSING: readonly RpcErrorCode[] = ["unavailable", "resource_exhausted", "unauthenticated", "unimplemented"];

test.each(PASSING)(
  "one that ingest can't take now (%s) is asked for until it does, and later ones wait",
  async (code) => {
    const { ingest, registry, errors, disableOne, stop } = await startBench();
    ingest.refuse = () => new RpcError(code, "not now");
    const ids = [await disableOne(), await disableOne()];
    await ingest.untilAsked(2);
    expect(new Set(ingest.asked.map(({ orderingKey }) => orderingKey))).toEqual(new Set([ids[0]]));
    ingest.refuse = () => undefined;
    await ingest.untilAccepted(2);
    await stop();

    expect(ingest.accepted.map(({ orderingKey }) => orderingKey)).toEqual(ids);
    expect(errors).toEqual([]);
    expect(await readValue(registry, "postrider_operational_events_published_total")).toBe(2);
    expect(await readValue(registry, "postrider_operational_events_lag_seconds")).toBe(0);
  },
);
