// After a failure: where is what was lost, and what did the services say last?
import type { ServiceProcess } from "../../services/service-process.ts";
import { EVENTS, type KafkaView } from "../platform/kafka-view.ts";
import type { Loss } from "./tally.ts";
import { describeLag } from "./until-recovered.ts";

const SHOWN = 10;
const LAST_LINES = 15;

/** One line for each of the first lost events: where it stands in the log, and how far the dispatchers came there. */
export async function findWhereabouts(kafka: KafkaView, lost: readonly Loss[]): Promise<readonly string[]> {
  if (lost.length === 0) return [];
  const [records, lags] = await Promise.all([kafka.readAll(EVENTS), kafka.findLags()]);
  return lost.slice(0, SHOWN).map(({ id, subscription, acceptedAtMs }) => {
    const places = records.filter(({ headers }) => headers["ce_id"] === id);
    const found = places.map(({ partition, offset }) => {
      const lag = lags.find((candidate) => candidate.partition === partition);
      return `at ${partition}/${offset} (committed: ${lag ? describeLag(lag) : "nothing"})`;
    });
    const where = found.length === 0 ? `not in ${EVENTS}` : found.join(" and ");
    return `lost: ${id} for ${subscription}, accepted at ${new Date(acceptedAtMs).toISOString()}: ${where}`;
  });
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
