// What a run does and for how long. Every phase has an end in time.
import { parseArgs } from "node:util";

export interface Settings {
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
  readonly bareOnly: boolean;
  readonly assertReaches: boolean;
  /** Where the JSON goes: a file, "-" for stdout. */
  readonly json: string | undefined;
}

export const usage = `Measures Postrider (standalone, from publish to the receiver's 200) beside the bare loop that signs and POSTs
the same payload with undici to the same receiver, in the same run. Everything stays on 127.0.0.1.

npm run bench [-- options]
  --quick        5 s phases and 10,000 events instead of 20 s and 100,000
  --bare-only    the bare loop alone
  --json [FILE]  the result as JSON, in a file or on stdout (the table then goes to stderr)
  --assert       exit with 1 when a reach is missed
  --help
About three minutes; with --quick under one. CPU and memory are read from /proc: on Linux only.`;

const full = { warmUpMs: 3_000, sustainedMs: 20_000, bareMs: 10_000, pacedMs: 10_000, memoryEvents: 100_000 };
const quick = { warmUpMs: 2_000, sustainedMs: 5_000, bareMs: 5_000, pacedMs: 5_000, memoryEvents: 10_000 };

/** @throws on an unknown option; undefined when help was asked for */
export function parseSettings(args: readonly string[]): Settings | undefined {
  const { values } = parseArgs({
    args: args.flatMap((arg, index) => (arg === "--json" && isOption(args[index + 1]) ? ["--json", "-"] : [arg])),
    options: {
      quick: { type: "boolean", default: false },
      "bare-only": { type: "boolean", default: false },
      json: { type: "string" },
      assert: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  return {
    ...(values.quick ? quick : full),
    rates: [200, 1_000],
    concurrency: 64,
    maxAhead: 4_000,
    quick: values.quick,
    bareOnly: values["bare-only"],
    assertReaches: values.assert,
    json: values.json,
  };
}

/** `--json` without a file is followed by another option, or by nothing. */
function isOption(next: string | undefined): boolean {
  return next === undefined || next.startsWith("--");
}
