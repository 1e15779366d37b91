// After a failure: where is what was lost, and what did the services say last?
import { AttemptBatch, DeferredDelivery } from "@postrider/contracts/postrider/log/v1/delivery";
import type { ServiceProcess } from "../../services/service-process.ts";
import { ATTEMPTS, EVENTS, type KafkaView, TIERS } from "../platform/kafka-view.ts";
import type { Loss } from "./tally.ts";
import { describeLag } from "./until-recovered.ts";

const SHOWN = 10;
const LAST_LINES = 15;

/** One line for each of the first lost events: where it stands in the log, and what the dispatchers have done with it. */
export async function findWhereabouts(kafka: KafkaView, lost: readonly Loss[]): Promise<readonly string[]> {
  if (lost.length === 0) return [];
  const [records, lags, deferrals, attempts] = await Promise.all([
    kafka.readAll(EVENTS),
    kafka.findLags(),
    findDeferrals(kafka),
    findAttempts(kafka),
  ]);
  const lines = lost.slice(0, SHOWN).map(({ id, subscription, acceptedAtMs }) => {
    const places = records.filter(({ headers }) => headers["ce_id"] === id);
    const found = places.map(({ partition, offset }) => {
      const lag = lags.find((candidate) => candidate.partition === partition);
      return `at ${partition}/${offset} (committed: ${lag ? describeLag(lag) : "nothing"})`;
    });
    const where = found.length === 0 ? `not in ${EVENTS}` : found.join(" and ");
    const what = [...(deferrals.get(id) ?? []), ...(attempts.get(id) ?? [])].join(", ");
    return `lost: ${id} for ${subscription}, accepted at ${toTime(acceptedAtMs)}: ${where}; ${what || "never sent or deferred"}`;
  });
  const deferred = lost.filter(({ id }) => deferrals.has(id)).length;
  return [`of ${lost.length} lost deliveries, ${deferred} are of events that were deferred`, ...lines];
}

async function findDeferrals(kafka: KafkaView): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  for (const tier of TIERS) {
    for (const { headers, value, appendedAtMs, partition, offset } of await kafka.readAll(`postrider.due.${tier}`)) {
      const id = DeferredDelivery.decode(value).event?.id ?? "";
      const due = `${tier}/${partition}/${offset} at ${toTime(appendedAtMs)} to ${toTime(Number(headers["due-ms"]))}`;
      found.set(id, [...(found.get(id) ?? []), `deferred in ${due}`]);
    }
  }
  return found;
}

async function findAttempts(kafka: KafkaView): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  for (const { value } of await kafka.readAll(ATTEMPTS)) {
    for (const { eventId, subscriptionId, number, verdict } of AttemptBatch.decode(value).attempts) {
      const attempt = `attempt ${number} for ${subscriptionId}: ${verdict?.$case ?? "?"}`;
      found.set(eventId, [...(found.get(eventId) ?? []), attempt]);
    }
  }
  return found;
}

function toTime(ms: number): string {
  return new Date(ms).toISOString().slice(11);
}

/** Those, and the last lines of each service. */
export function describeOutcome(
  whereabouts: readonly string[],
  processes: readonly ServiceProcess[],
): readonly string[] {
  return [
    ...whereabouts,
    ...processes.flatMap(({ name, pid, exit, output }) => {
      const end = exit();
      const state = end ? `ended with ${end.signal ?? end.code ?? "?"}` : "runs";
      const lines = output().trimEnd().split("\n").slice(-LAST_LINES);
      return [`last words of ${name} (pid ${pid}, ${state}):`, ...lines.map((line) => `    ${line.slice(0, 400)}`)];
    }),
  ];
}
