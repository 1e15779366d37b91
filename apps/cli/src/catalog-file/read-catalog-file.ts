import { readFile, stat } from "node:fs/promises";
import { UsageError } from "../failures.ts";

/** A thousand event types with schemas of some kilobytes; more is not a catalog. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;

/**
 * The text of a catalog file.
 * @throws UsageError when it can't be read or is larger than 8 MiB
 */
export async function readCatalogFile(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) throw new UsageError(`${path} has ${size} bytes; at most ${MAX_FILE_BYTES} are read`);
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    throw new UsageError(`can't read ${path}: ${error.message}`);
  }
}
