import { formatProblems, formatReplay, formatSummary } from "./format-outcome.ts";
import { PLANTS, type PlantName } from "./planted/plants.ts";
import { type Outcome, runSimulation, type SimulationOptions } from "./run-simulation.ts";

export interface SimulateOptions extends Omit<SimulationOptions, "plant"> {
  readonly plantName?: PlantName | undefined;
}

/** What came of it, and all that there is to say about it. */
export interface Simulated {
  readonly outcome: Outcome;
  readonly report: string;
}

/** Runs a seed; if a promise was broken, once more, to see the way of the first delivery for which it was. */
export async function simulate({ plantName, ...rest }: SimulateOptions): Promise<Simulated> {
  const options = { ...rest, plant: plantName && PLANTS[plantName] };
  const outcome = await runSimulation(options);
  const lines = [formatSummary(options, outcome)];
  if (outcome.problems.length > 0) {
    lines.push(formatProblems(outcome.problems));
    if (options.traced === undefined) lines.push(...(await traceFirst(options, outcome)));
    lines.push(`  again: ${formatReplay(options, plantName)}`);
  }
  if (options.traced !== undefined) lines.push(...outcome.trace.map((line) => `  ${line}`));
  return { outcome, report: lines.join("\n") };
}

async function traceFirst(options: SimulationOptions, { problems, hash }: Outcome): Promise<readonly string[]> {
  const first = problems.find(({ eventId }) => eventId !== undefined);
  if (first === undefined) return [];
  const { eventId, subscriptionId } = first;
  const traced = { ...(eventId && { eventId }), ...(subscriptionId && { subscriptionId }) };
  const again = await runSimulation({ ...options, traced });
  const differs =
    again.hash === hash ? [] : ["  (the second run was not the same: something takes time or chance from elsewhere)"];
  const name = [eventId, subscriptionId].filter(Boolean).join("/");
  return [`  the way of ${name}:`, ...again.trace.map((line) => `    ${line}`), ...differs];
}
