// `npm run chaos`: is anything lost, whoever is killed?
import { describeBounds } from "./kills/judge-repetitions.ts";
import type { RunResult } from "./kills/judge-run.ts";
import { FAN_OUT, SLOWEST_ANSWER_MS } from "./kills/receivers.ts";
import { describeResult } from "./kills/report.ts";
import { runChaos } from "./kills/run-chaos.ts";
import { parseSettings, type Settings, usage } from "./settings.ts";

// The servers and services go with the process's exit event, which a signal alone would not raise.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

try {
  const settings = parseSettings(process.argv.slice(2));
  if (settings === undefined) console.log(usage);
  else process.exitCode = (await run(settings)).violations.length === 0 ? 0 : 1;
} catch (error) {
  console.error(`✗ ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function run({ minutes, json, ...settings }: Settings): Promise<RunResult> {
  const startedAtMs = Date.now();
  const print = json ? console.error : console.log;
  const say = (line: string): void => {
    print(`${((Date.now() - startedAtMs) / 1000).toFixed(1).padStart(7)} s  ${line}`);
  };
  say(
    `seed ${settings.seed}: ${minutes} minutes of kills at ${settings.rate} events/s, ${settings.nodes} Kafka node(s)`,
  );
  const load = { deliveriesPerSecond: settings.rate * FAN_OUT, slowestAnswerMs: SLOWEST_ANSWER_MS };
  say(`deliveries that one kill may repeat: ${describeBounds(load)}`);
  const result = await runChaos({ ...settings, killingMs: minutes * 60_000, say });
  for (const line of describeResult(result)) print(line);
  if (json) console.log(JSON.stringify(result));
  return result;
}
