// What a run does and for how long. Every phase has an end in time.
import { parseArgs } from "node:util";

/** What the platform stands on, and the services that can be profiled there; the first one when none is named. */
const profiledOn = {
  sqlite: ["standalone"],
  kafka: ["dispatcher", "ingest", "subscription"],
} as const;

export type On = keyof typeof profiledOn;
export type Profiled = (typeof profiledOn)[On][number];

export interface Settings {
  readonly on: On;
  readonly warmUpMs: number;
  readonly sustainedMs: number;
  readonly bareMs: number;
  readonly pacedMs: number;
  /** Single events a second. */
  readonly rates: readonly number[];
  /** Events over which memory is watched. */
  readonly memoryEvents: number;
  readonly concurrency: number;
  /** Most events that are published and not yet received while saturating. */
  readonly maxAhead: number;
  readonly quick: boolean;
  /** The phases that there are: the bare loop alone, that and the sustained rate, or all; or TLS beside plain HTTP. */
  readonly phases: "bare" | "throughput" | "all" | "tls";
  /** Instead of all else: where this service spends its time. */
  readonly profile: Profiled | undefined;
  readonly assertReaches: boolean;
  /** Where the JSON goes: a file, "-" for stdout. */
  readonly json: string | undefined;
}

export const usage = `Measures Postrider (from publish to the receiver's 200) beside the bare loop that signs and POSTs the same
payload with undici to the same receiver, in the same run. Everything stays on 127.0.0.1.

npm run bench [-- options]
  --on sqlite|kafka    standalone on SQLite, the default; or the services on a Kafka and a PostgreSQL of their own
  --quick              5 s phases and 10,000 events instead of 20 s and 100,000
  --bare-only          the bare loop alone
  --throughput-only    the bare loop and the sustained rate alone
  --tls                TLS receivers beside plain ones, over connections that are kept and over new ones, and nothing else
  --profile [SERVICE]  instead of all that: the hottest functions of dispatcher, ingest or subscription; of standalone
                       on SQLite
  --json [FILE]        the result as JSON, in a file or on stdout (the table then goes to stderr)
  --assert             exit with 1 when a reach is missed
  --help
About three minutes, five on Kafka; with --quick under one, and under two. CPU and memory are read from /proc: on Linux only.`;

const full = { warmUpMs: 3_000, sustainedMs: 20_000, bareMs: 10_000, pacedMs: 10_000, memoryEvents: 100_000 };
const quick = { warmUpMs: 2_000, sustainedMs: 5_000, bareMs: 5_000, pacedMs: 5_000, memoryEvents: 10_000 };

/** @throws on an unknown option or value; undefined when help was asked for */
export function parseSettings(args: readonly string[]): Settings | undefined {
  const { values } = parseArgs({
    args: args.flatMap((arg, index) => (isWithoutValue(arg, args[index + 1]) ? [arg, "-"] : [arg])),
    options: {
      on: { type: "string", default: "sqlite" },
      quick: { type: "boolean", default: false },
      "bare-only": { type: "boolean", default: false },
      "throughput-only": { type: "boolean", default: false },
      tls: { type: "boolean", default: false },
      profile: { type: "string" },
      json: { type: "string" },
      assert: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const on = parseChoice("--on", values.on, Object.keys(profiledOn) as On[]);
  return {
    ...(values.quick ? quick : full),
    on,
    rates: [200, 1_000],
    concurrency: 64,
    maxAhead: 4_000,
    quick: values.quick,
    phases: phasesOf(values),
    profile: parseProfile(values.profile, on),
    assertReaches: values.assert,
    json: values.json,
  };
}

function phasesOf(values: {
  readonly tls: boolean;
  readonly "bare-only": boolean;
  readonly "throughput-only": boolean;
}): Settings["phases"] {
  if (values.tls) return "tls";
  if (values["bare-only"]) return "bare";
  return values["throughput-only"] ? "throughput" : "all";
}

/** Of `--json` and `--profile` that is followed by another option, or by nothing. */
function isWithoutValue(option: string, next: string | undefined): boolean {
  return (option === "--json" || option === "--profile") && (next === undefined || next.startsWith("--"));
}

function parseProfile(value: string | undefined, on: On): Profiled | undefined {
  if (value === undefined) return undefined;
  return value === "-" ? profiledOn[on][0] : parseChoice<Profiled>("--profile", value, profiledOn[on]);
}

function parseChoice<T extends string>(option: string, value: string, choices: readonly T[]): T {
  const choice = choices.find((each) => each === value);
  if (choice === undefined) throw new Error(`${option} is ${value}; it must be ${choices.join(" or ")}`);
  return choice;
}
