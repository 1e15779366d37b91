import { readdirSync, readFileSync } from "node:fs";
import { runCommand } from "./run-command.ts";

/** The ids of a process's children. A child that ends meanwhile may be among them. */
export async function findChildren(pid: number): Promise<readonly number[]> {
  const pairs = process.platform === "linux" ? readProc() : await askPs();
  return pairs.filter(([, parent]) => parent === pid).map(([child]) => child);
}

type ChildAndParent = readonly [child: number, parent: number];

function readProc(): readonly ChildAndParent[] {
  const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return ids.flatMap((id) => {
    try {
      // pid (name, which may hold anything) state ppid …: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
      const stat = readFileSync(`/proc/${id}/stat`, "latin1");
      const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return [[Number(id), Number(parent)] as const];
    } catch {
      // It has ended since the folder was read.
      return [];
    }
  });
}

async function askPs(): Promise<readonly ChildAndParent[]> {
  const result = await runCommand(["ps", "-A", "-o", "pid=,ppid="], { timeoutMs: 10_000 });
  if ("failure" in result) throw new Error(`ps could not list the processes (${result.failure.reason})`);
  return [...result.output.matchAll(/^\s*(\d+)\s+(\d+)\s*$/gm)].map(([, child, parent]) => [
    Number(child),
    Number(parent),
  ]);
}
