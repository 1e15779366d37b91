import { readFileSync } from "node:fs";
import { StackUnavailableError } from "./stack-unavailable.ts";

/** A user of the system to run a server as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who PostgreSQL runs as: it refuses to run as root, so root runs it as `nobody` (it looks its user's name up, so that
 * one needs an entry in /etc/passwd). Undefined: as who we are.
 */
export function findUnprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const entry = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync("/etc/passwd", "utf8"));
  if (entry === null) {
    throw new StackUnavailableError(
      "PostgreSQL does not run as root, and /etc/passwd has no user nobody: run this as another user",
    );
  }
  return { uid: Number(entry[1]), gid: Number(entry[2]) };
}
