import type { RunResult } from "./judge-run.ts";
import { KILL_KINDS } from "./victims.ts";

/** For people. */
export function describeResult(result: RunResult): readonly string[] {
  const { seed, seconds, made, accepted, promised, received, lost, repeated, kills, refusals, violations } = result;
  return [
    `${accepted} of ${made} events accepted in ${seconds.toFixed(0)} s; ${received} of ${promised} deliveries received, ${lost} lost, ${repeated} repeated`,
    ...KILL_KINDS.flatMap((kind) => {
      const of = kills.filter((kill) => kill.kind === kind);
      if (of.length === 0) return [];
      const counts = `${of.length} kills repeated ${of.map((kill) => kill.repeated).join(", ")} (at most ${of[0]?.mayRepeat ?? 0} each)`;
      const gap = Math.max(...of.map(({ gapMs }) => gapMs));
      const recovery = Math.max(...of.map(({ atMs, recoveredAtMs }) => recoveredAtMs - atMs));
      return [
        `  ${kind.padEnd(12)} ${counts}; longest gap ${(gap / 1000).toFixed(1)} s, longest recovery ${(recovery / 1000).toFixed(1)} s`,
      ];
    }),
    ...Object.entries(refusals).map(([code, count]) => `  publish answered ${code}: ${count} times`),
    ...violations.map((violation) => `✗ ${violation}`),
    violations.length === 0
      ? `✓ nothing lost (seed ${seed})`
      : `✗ ${violations.length} violations; the same kills again: --seed ${seed}`,
  ];
}
