// Where servers keep their data: in memory if there is room, and gone at the end, however the end comes.
import { spawn } from "node:child_process";
import { accessSync, constants, statfsSync } from "node:fs";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Account } from "./account.ts";

/** Kafka and PostgreSQL of a test run write a tenth of that; containers often have 64 MB there. */
const neededBytes = 1024 ** 3;

/**
 * Waits for the end of its standard input, which comes when this process ends, also by kill -9. Servers in the folder
 * are ended by guards of their own at the same moment, and may write for a little longer.
 */
const guardScript = `
trap '' INT HUP TERM
read -r _
n=0
while [ -e "$0" ] && [ $n -lt 50 ]; do rm -rf -- "$0" 2>/dev/null; sleep 0.1; n=$((n + 1)); done
`;

export interface ScratchFolder {
  readonly path: string;
  readonly remove: () => Promise<void>;
}

/** An empty folder that ends with this process. With an account, it belongs to that. */
export async function createScratchFolder(owner?: Account): Promise<ScratchFolder> {
  const path = await mkdtemp(join(findFastFolder(), "postrider-stack-"));
  if (owner !== undefined) await chown(path, owner.uid, owner.gid);
  const guard = spawn("/bin/sh", ["-c", guardScript, path], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    ...owner,
  });
  // It must not keep us alive: it is there for when we are not.
  guard.unref();
  if (guard.stdin instanceof Socket) guard.stdin.unref();
  return {
    path,
    remove: async () => {
      await rm(path, { recursive: true, force: true, maxRetries: 5 });
      guard.stdin.destroy();
    },
  };
}

function findFastFolder(): string {
  const memory = "/dev/shm";
  try {
    accessSync(memory, constants.W_OK);
    const { bavail, bsize } = statfsSync(memory);
    if (bavail * bsize >= neededBytes) return memory;
  } catch {
    // There is none: macOS, or not for us.
  }
  return tmpdir();
}
