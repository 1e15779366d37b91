import type { Outcome, SimulationOptions } from "./run-simulation.ts";
import type { Problem } from "./world/facts.ts";

/** Of each check, so many problems are printed. */
const SHOWN = 3;

/** One line for a run in which all held. */
export function formatSummary({ seed, hours }: SimulationOptions, { counts, hash, problems }: Outcome): string {
  const { events, deliveries, requests, dead, waiting, kills } = counts;
  const fate = problems.length === 0 ? "✓" : "✗";
  return `${fate} seed ${seed}, ${hours} h: ${events} events, ${deliveries} deliveries, ${requests} requests, ${dead} dead, ${waiting} waiting, ${kills} kills; ${hash}`;
}

/** What was broken, by check; not each of what may be thousands. */
export function formatProblems(problems: readonly Problem[]): string {
  return [...Map.groupBy(problems, ({ check }) => check)]
    .flatMap(([check, ofCheck]) => {
      const more = ofCheck.length > SHOWN ? [`    … ${ofCheck.length - SHOWN} more`] : [];
      return [`  ${check}:`, ...ofCheck.slice(0, SHOWN).map((problem) => `    ${formatProblem(problem)}`), ...more];
    })
    .join("\n");
}

/** The one line that does it again. */
export function formatReplay({ seed, hours }: SimulationOptions, plantName?: string): string {
  const planted = plantName === undefined ? "" : ` --plant ${plantName}`;
  return `npm run simulate -- --seed ${seed} --hours ${hours}${planted}`;
}

function formatProblem({ words, eventId, subscriptionId }: Problem): string {
  return eventId === undefined ? words : `${[eventId, subscriptionId].filter(Boolean).join("/")}: ${words}`;
}
