// What a run of chaos does.
import { parseArgs } from "node:util";
import { KILL_KINDS, type KillKind } from "./kills/victims.ts";

export interface Settings {
  readonly minutes: number;
  readonly seed: number;
  readonly rate: number;
  readonly nodes: 1 | 3;
  readonly dispatchers: number;
  readonly kinds: readonly KillKind[];
  readonly json: boolean;
}

export const usage = `Publishes to a whole platform on a real Kafka and PostgreSQL while its parts are killed with kill -9, one after
another and at random, and come back. Fails (exit code 1) when an accepted event is lost, when more is delivered twice
than docs/failure-modes.md allows, or when delivery does not resume by itself. Everything stays on 127.0.0.1.

npm run chaos -- [options]
  --minutes N      how long there are kills; 3 by default
  --seed S         decides who is killed, when and for how long; random by default, and printed
  --rate R         events a second; 300 by default
  --nodes 1|3      of Kafka; 3 by default (three copies, two of which must have a record)
  --dispatchers D  2 by default
  --kinds A,B      who is killed: ${KILL_KINDS.join(", ")}; all by default
  --json           the result as JSON on standard output (the progress then goes to standard error)
  --help`;

/** Undefined: only the help is wanted. @throws Error in one line about what is wrong */
export function parseSettings(args: readonly string[]): Settings | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "3" },
      seed: { type: "string" },
      rate: { type: "string", default: "300" },
      nodes: { type: "string", default: "3" },
      dispatchers: { type: "string", default: "2" },
      kinds: { type: "string", default: KILL_KINDS.join(",") },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  if (values.help) return undefined;
  return {
    minutes: parseNumber("minutes", values.minutes, { min: 0, max: 600 }),
    seed: Math.floor(
      parseNumber("seed", values.seed ?? String(Math.floor(Math.random() * 1e6)), { min: 0, max: 2 ** 31 - 1 }),
    ),
    rate: parseNumber("rate", values.rate, { min: 1, max: 5000 }),
    nodes: parseNumber("nodes", values.nodes, { min: 1, max: 3 }) === 1 ? 1 : 3,
    dispatchers: Math.floor(parseNumber("dispatchers", values.dispatchers, { min: 1, max: 6 })),
    kinds: values.kinds.split(",").map(parseKind),
    json: values.json,
  };
}

interface Range {
  readonly min: number;
  readonly max: number;
}

function parseNumber(name: string, text: string, { min, max }: Range): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= min && value <= max) return value;
  throw new Error(`--${name} is "${text}"; it must be a number from ${min} to ${max}`);
}

function parseKind(text: string): KillKind {
  const kind = KILL_KINDS.find((candidate) => candidate === text);
  if (kind === undefined) throw new Error(`--kinds has "${text}"; it takes ${KILL_KINDS.join(", ")}`);
  return kind;
}
