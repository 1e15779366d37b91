// `npm run simulate`: does the dispatcher keep its promises, whatever happens and in whatever order?
//
// The real dispatcher, directory, windows, recorder, gates and timing wheel run in a world in which time, chance, the log,
// the network and the subscription service are simulated, and everything follows from a seed: so hours pass in
// milliseconds, and a run that broke a promise can be run again exactly.
import { parseSettings, type Settings, usage } from "./settings.ts";
import { simulate } from "./simulate.ts";

try {
  const settings = parseSettings(process.argv.slice(2));
  if (settings === undefined) console.log(usage);
  else await main(settings);
} catch (error) {
  console.error(`✗ ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function main({ seed: firstSeed, runs, hours, plant, traced }: Settings): Promise<void> {
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const { outcome, report } = await simulate({ seed, hours, plantName: plant, traced });
    console.log(report);
    if (outcome.problems.length > 0) process.exitCode = 1;
  }
}
