import { open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";

/** Only its owner reads it. */
const MODE = 0o600;

/** The text of a file of master keys; undefined if there is no file. */
export async function findMasterKeyFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Writes a file that is not there yet, readable by its owner only, durable when it resolves: what is sealed under a key
 * that was lost is lost.
 */
export async function writeMasterKeyFile(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", MODE);
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    // Half a key would stand in the way of the next try.
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await syncFolder(dirname(path));
}

/** A new name in a folder is durable when the folder is. Windows can't open folders, and needs no such thing. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
