// What is fetched or made once is kept in the repository's .cache folder, under a name that holds its version.
import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { root } from "../walls/workspace.ts";

/** A folder or file of the cache by its name. */
export function cachePath(name: string): string {
  return join(root, ".cache", "stack", name);
}

/**
 * Makes a folder or file of the cache unless it is there: `make` writes to a path of its own beside it, which then gets
 * the name. So what has the name is whole, also when a run is killed, or when two runs make it at the same time.
 */
export async function makeOnce(path: string, make: (partialPath: string) => Promise<void>): Promise<string> {
  if (existsSync(path)) return path;
  const partialPath = `${path}.${randomBytes(4).toString("hex")}.partial`;
  await mkdir(dirname(path), { recursive: true });
  try {
    await make(partialPath);
    await rename(partialPath, path);
  } catch (error) {
    // Another run was faster: what it made is as good.
    if (!existsSync(path)) throw error;
  } finally {
    await rm(partialPath, { recursive: true, force: true });
  }
  return path;
}

/** A few characters that change with the content of these files. */
export async function hashOf(files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const file of files) hash.update(await readFile(file));
  return hash.digest("hex").slice(0, 8);
}
