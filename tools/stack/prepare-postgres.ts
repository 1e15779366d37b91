import { chown, cp, lchown, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Account } from "./account.ts";
import { cachePath, makeOnce } from "./cache-folder.ts";
import type { PostgresDistribution } from "./fetch-postgres.ts";
import { runCommand } from "./run-command.ts";
import { createScratchFolder } from "./scratch-folder.ts";
import { withProgress } from "./with-progress.ts";

const initTimeoutMs = 120_000;

/** An empty cluster of databases with the superuser `postgres`, made by initdb once: a copy of it costs a tenth. */
export async function preparePostgres(distribution: PostgresDistribution): Promise<string> {
  return await makeOnce(cachePath(`${distribution.cacheName}-data`), async (partialPath) => {
    await withProgress(`Preparing PostgreSQL ${distribution.version}, once`, () =>
      runInitdb(distribution, partialPath),
    );
  });
}

async function runInitdb({ folder, account }: PostgresDistribution, to: string): Promise<void> {
  const scratch = await createScratchFolder(account);
  try {
    const data = join(scratch.path, "data");
    const result = await runCommand(
      // The text is the same on every machine: no locale of the system, no other encoding.
      [
        join(folder, "bin", "initdb"),
        "-D",
        data,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
      ],
      { cwd: "/", env: { LC_ALL: "C", TZ: "UTC", PATH: process.env["PATH"] }, timeoutMs: initTimeoutMs, account },
    );
    if ("failure" in result) throw new Error(`PostgreSQL's initdb failed (${result.failure.reason})`);
    await cp(data, to, { recursive: true });
  } finally {
    await scratch.remove();
  }
}

/** Copies the empty cluster to a new data folder, and gives it to its user. */
export async function copyDatabase(template: string, to: string, owner: Account | undefined): Promise<void> {
  await cp(template, to, { recursive: true });
  if (owner === undefined) return;
  const { uid, gid } = owner;
  for (const entry of await readdir(to, { recursive: true })) await lchown(join(to, entry), uid, gid);
  await chown(to, uid, gid);
}
