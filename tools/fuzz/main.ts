// `npm run fuzz`: is there a request that a platform can't bear?
import { runFuzz, type FuzzResult } from "./run-fuzz.ts";
import { parseSettings, type Settings, usage } from "./settings.ts";

// The platform goes with the process's exit event, which a signal alone would not raise.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

try {
  const settings = parseSettings(process.argv.slice(2));
  if (settings === undefined) console.log(usage);
  else process.exitCode = (await run(settings)).problems.length === 0 ? 0 : 1;
} catch (error) {
  console.error(`✗ ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function run(settings: Settings): Promise<FuzzResult> {
  const startedAtMs = Date.now();
  const say = (line: string): void => {
    console.log(`${((Date.now() - startedAtMs) / 1000).toFixed(1).padStart(7)} s  ${line}`);
  };
  const result = await runFuzz({ ...settings, say });
  const answers = [...result.answers].toSorted(([, one], [, other]) => other - one);
  say(`${result.sent} answered: ${answers.map(([name, count]) => `${name} ${count}`).join(", ")}`);
  say(
    `slowest ${Math.round(result.slowestMs)} ms; ${result.served} good events beside them, slowest ${Math.round(result.slowestGoodMs)} ms`,
  );
  for (const problem of result.problems) console.log(`✗ ${problem}`);
  if (result.problems.length === 0) console.log("✓ nothing went wrong");
  return result;
}
