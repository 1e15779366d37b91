// What a run of the fuzzer does.
import { parseArgs } from "node:util";

export interface Settings {
  readonly seed: number;
  readonly requests: number;
  /** Only the request of this number, of the seed. */
  readonly only: number | undefined;
  /** Requests that are out at a time. */
  readonly inFlight: number;
}

export const usage = `Sends mutated requests to every method that a platform serves: bytes that are no message, messages that are absurd, headers
and HTTP/2 that are nonsense. Fails (exit code 1) when one is answered with INTERNAL or UNKNOWN, when one is not answered, when the
process ends, when others are not served meanwhile, or when memory grows. Everything stays on 127.0.0.1.

npm run fuzz -- [options]
  --seed S         decides every request; random by default, and printed
  --requests N     200000 by default
  --on standalone  what is started; standalone, which serves every method, is all there is
  --only I         nothing but request I of the seed, and what it is answered with
  --in-flight N    requests that are out at a time; 48 by default
  --help`;

/** Undefined: only the help is wanted. @throws Error in one line about what is wrong */
export function parseSettings(args: readonly string[]): Settings | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string" },
      requests: { type: "string", default: "200000" },
      on: { type: "string", default: "standalone" },
      only: { type: "string" },
      "in-flight": { type: "string", default: "48" },
      help: { type: "boolean", default: false, short: "h" },
    },
  });
  if (values.help) return undefined;
  if (values.on !== "standalone") throw new Error(`--on is "${values.on}"; it must be standalone`);
  return {
    seed: parseCount("seed", values.seed ?? String(Math.floor(Math.random() * 1e6)), 2 ** 31 - 1),
    requests: parseCount("requests", values.requests, 100_000_000),
    only: values.only === undefined ? undefined : parseCount("only", values.only, 100_000_000),
    inFlight: Math.max(1, parseCount("in-flight", values["in-flight"], 1000)),
  };
}

function parseCount(name: string, text: string, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= most) return value;
  throw new Error(`--${name} is "${text}"; it must be a whole number from 0 to ${most}`);
}
