import { parseArgs } from "node:util";
import { PLANT_NAMES, type PlantName } from "./planted/plants.ts";

export interface Settings {
  readonly seed: number;
  /** How many seeds, from that one on. */
  readonly runs: number;
  readonly hours: number;
  readonly plant: PlantName | undefined;
  /** A delivery whose trace is wanted though nothing may be wrong with it. */
  readonly traced: { readonly eventId: string; readonly subscriptionId?: string } | undefined;
}

export const usage = `Runs real dispatchers on a simulated log, clock, network, subscription service and receivers, through crashes at
any step, rebalances, lost answers, outages, stepping clocks and receivers of all kinds, and then checks what they promise:
nothing lost, duplicates within the bound, attempts by the schedule, limits held, healthy endpoints on time, memory
bounded. Exit code 1 when a promise was broken; then it prints what, the way of one such delivery, and how to see it again.

npm run simulate -- [options]
  --seed S      decides everything that happens; random by default, and printed
  --hours H     of the simulated time, for each seed; 24 by default, from 1 to 10000
  --runs N      that many seeds, from S on; 1 by default
  --trace E[/S] prints the way of event E (for subscription S) whatever comes of it, such as e12/t1-s2
  --plant BUG   puts a bug into the dispatchers, to see the checks find it: ${PLANT_NAMES.join(", ")}
  --help

The same seed and hours give the same run, on any machine, for the same code; its hash is printed.`;

/** Undefined: only the help is wanted. @throws Error in one line about what is wrong */
export function parseSettings(args: readonly string[]): Settings | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string" },
      hours: { type: "string", default: "24" },
      runs: { type: "string", default: "1" },
      trace: { type: "string" },
      plant: { type: "string" },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  if (values.help) return undefined;
  return {
    seed: values.seed === undefined ? drawSeed() : parseWhole("seed", values.seed, { min: 0, max: 2 ** 31 - 1 }),
    hours: parseWhole("hours", values.hours, { min: 1, max: 10_000 }),
    runs: parseWhole("runs", values.runs, { min: 1, max: 100_000 }),
    plant: values.plant === undefined ? undefined : parsePlant(values.plant),
    traced: values.trace === undefined ? undefined : parseTraced(values.trace),
  };
}

/** A seed that nobody has seen. */
export function drawSeed(): number {
  return Math.floor(Math.random() * 1e9);
}

function parseTraced(text: string): NonNullable<Settings["traced"]> {
  const [eventId = "", subscriptionId] = text.split("/");
  return subscriptionId === undefined ? { eventId } : { eventId, subscriptionId };
}

interface Range {
  readonly min: number;
  readonly max: number;
}

function parseWhole(name: string, text: string, { min, max }: Range): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new Error(`--${name} is "${text}"; it must be a whole number from ${min} to ${max}`);
}

function parsePlant(text: string): PlantName {
  const name = PLANT_NAMES.find((candidate) => candidate === text);
  if (name === undefined) throw new Error(`--plant is "${text}"; it takes ${PLANT_NAMES.join(", ")}`);
  return name;
}
