import { open } from "node:fs/promises";
import { type Clock, pause, type Service } from "@postrider/kit-lifecycle";

/**
 * How often the files are looked at. They are read, not only asked for their times: they are small, a Secret that is
 * mounted changes by a symbolic link two levels up, and a time can stay the same over two writes.
 */
const INTERVAL_MS = 1000;
/** For how long a changed file must stay as it is before it is taken. */
const SETTLE_MS = 50;

/** What an operator may want to know; told when it begins, not each second. */
export type WatchedFilesNotice =
  /** A new value is in force, or what could not be used is as it was again. */
  | { readonly kind: "reloaded" }
  /** What stands in the files can't be used; the last value that could is kept. */
  | { readonly kind: "unusable"; readonly error: unknown };

export interface WatchedFilesOptions<Value> {
  readonly paths: readonly string[];
  /**
   * Makes the value of the files' contents, in the order of the paths. Files that belong together (a key and its
   * certificate) are not replaced in one step: what it refuses is read again a moment later.
   * @throws Error whose message can be shown: it holds nothing of a secret file's contents
   */
  readonly parse: (contents: readonly Buffer[]) => Value;
  /** Of each file. */
  readonly maxBytes: number;
  readonly clock: Pick<Clock, "after">;
  readonly onNotice?: (notice: WatchedFilesNotice) => void;
  readonly intervalMs?: number;
}

/** The value of files, kept true while it runs. */
export interface WatchedFiles<Value> extends Service {
  readonly current: () => Value;
  /** Calls back with each new value from now on. */
  readonly onChanged: (listener: (value: Value) => void) => void;
}

/** Reads the files, once. @throws Error that names the file, or what `parse` threw */
export async function openWatchedFiles<Value>(options: WatchedFilesOptions<Value>): Promise<WatchedFiles<Value>> {
  const { paths, parse, maxBytes, clock, onNotice = () => undefined, intervalMs = INTERVAL_MS } = options;
  const listeners = new Set<(value: Value) => void>();
  let contents = await readAll(paths, maxBytes);
  let value = parse(contents);
  let complaint = "";

  /** True if the value is another, or usable again. */
  async function look(signal: AbortSignal): Promise<boolean> {
    let found = await readAll(paths, maxBytes);
    if (isSame(found, contents)) return complaint !== "";
    // Who writes a file in place empties it first: what is half written is not looked at.
    for (let before = contents; !isSame(found, before) && !signal.aborted; found = await readAll(paths, maxBytes)) {
      before = found;
      await pause(clock, Math.min(SETTLE_MS, intervalMs), signal);
    }
    const parsed = parse(found);
    contents = found;
    value = parsed;
    for (const listener of listeners) listener(value);
    return true;
  }

  async function lookSafely(signal: AbortSignal): Promise<void> {
    try {
      const isNews = await look(signal);
      complaint = "";
      if (isNews) onNotice({ kind: "reloaded" });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== complaint) onNotice({ kind: "unusable", error });
      complaint = message;
    }
  }

  return {
    name: `files ${paths.join(", ")}`,
    current: () => value,
    onChanged: (listener) => {
      listeners.add(listener);
    },
    run: async (signal) => {
      for (;;) {
        await pause(clock, intervalMs, signal);
        if (signal.aborted) return;
        await lookSafely(signal);
      }
    },
  };
}

function isSame(one: readonly Buffer[], other: readonly Buffer[]): boolean {
  return one.every((bytes, index) => other[index]?.equals(bytes));
}

async function readAll(paths: readonly string[], maxBytes: number): Promise<Buffer[]> {
  return await Promise.all(paths.map(async (path) => readBounded(path, maxBytes)));
}

/** Not by its size: what is no plain file (a pipe, /dev/zero) has none. */
async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  try {
    const file = await open(path);
    try {
      const bytes = Buffer.alloc(maxBytes + 1);
      let length = 0;
      for (;;) {
        const { bytesRead } = await file.read(bytes, length, bytes.length - length);
        length += bytesRead;
        if (length > maxBytes) throw new Error(`more than the ${maxBytes} bytes that are read of it`);
        if (bytesRead === 0) return Buffer.from(bytes.subarray(0, length));
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new Error(`can't read ${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
