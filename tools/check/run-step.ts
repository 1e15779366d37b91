// Runs the steps of the check as child processes and says how far it is.
import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { root } from "../walls/workspace.ts";

/** One proof: a command that exits with 0 when it holds. */
export interface Step {
  readonly name: string;
  /** Program and arguments, looked up in node_modules/.bin first. */
  readonly command: readonly [string, ...string[]];
  /** What a person may run to mend it. */
  readonly hint?: string;
}

export interface StepResult {
  readonly name: string;
  readonly passed: boolean;
  readonly hint?: string;
}

/** No step takes a tenth of this; one that hangs must not hang CI. */
const stepTimeoutMs = 10 * 60_000;

/** Runs the lanes beside each other and the steps of a lane one by one; a failing step stops nothing. */
export async function runInLanes(lanes: readonly (readonly Step[])[]): Promise<readonly StepResult[]> {
  const results = await Promise.all(
    lanes.map(async (lane) => {
      const laneResults: StepResult[] = [];
      for (const step of lane) laneResults.push(await runStep(step));
      return laneResults;
    }),
  );
  return results.flat();
}

/** Runs one step, and prints its whole output if it fails. */
async function runStep(step: Step): Promise<StepResult> {
  console.log(`▸ ${step.name} …`);
  const startedAtMs = performance.now();
  const { exit, output } = await runCommand(step.command, { show: false, timeoutMs: stepTimeoutMs });
  const passed = exit === "0";
  console.log(`${passed ? "✓" : "✗"} ${step.name} ${seconds(startedAtMs)}${passed ? "" : ` (exit: ${exit})`}`);
  const shown = passed ? output.split("\n").filter(isRemark).join("\n") : output;
  if (shown !== "") console.log(indent(shown));
  return { name: step.name, passed, ...(step.hint === undefined ? {} : { hint: step.hint }) };
}

/** What a person should know although the step passed. */
function isRemark(line: string): boolean {
  return line.startsWith("! ");
}

/** How a command ended: its exit code or signal as text, and what it printed (nothing if that was shown at once). */
export interface CommandResult {
  readonly exit: string;
  readonly output: string;
}

/** Runs a command in the repository's root; never throws for what the command does. */
export async function runCommand(
  [program, ...args]: readonly [string, ...string[]],
  { show, timeoutMs }: { readonly show: boolean; readonly timeoutMs: number },
): Promise<CommandResult> {
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, PATH: [join(root, "node_modules", ".bin"), process.env["PATH"]].join(delimiter) },
    stdio: show ? "inherit" : ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
    // npm's bins are .cmd files there, which only a shell starts.
    shell: process.platform === "win32",
  });
  const output: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => output.push(chunk));
  return await new Promise((resolve) => {
    child.once("error", (error) => {
      resolve({ exit: "not started", output: error.message });
    });
    child.once("close", (code, signal) => {
      resolve({ exit: signal ?? String(code), output: Buffer.concat(output).toString() });
    });
  });
}

/** The time since, for people. */
export function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, "    ");
}
