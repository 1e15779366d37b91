import type { Failure } from "./messages.ts";
import type { SqliteErrorCode } from "./sqlite.ts";

/** Primary result codes, the low byte of every extended one. Source: https://www.sqlite.org/rescode.html */
const codes: ReadonlyMap<number, SqliteErrorCode> = new Map([
  [8, "readonly"],
  [10, "io"],
  [11, "corrupt"],
  [13, "full"],
  [14, "io"], // CANTOPEN
  [19, "constraint"],
  [26, "corrupt"], // NOTADB
]);
const busyCode = 5;

/** What the reader of an open error can do about it. */
const advice: Readonly<Record<SqliteErrorCode, string>> = {
  readonly: "Let this user write to the file and its folder, or choose another path.",
  io: "Check that the folder exists, is a folder, and may be written by this user.",
  full: "Make room on the disk and start again: what was stored is intact.",
  corrupt: "It is damaged or no SQLite file: restore it from a backup, or move it away to start afresh.",
  constraint: "The schema does not fit what the file holds.",
  closed: "",
  other: "",
};

/** Puts a thrown error into words that can cross threads: the path, and SQLite's own message. */
export function describeFailure(path: string, error: unknown): Failure {
  const words = error instanceof Error ? error.message : String(error);
  const primaryCode = readResultCode(error) & 0xff;
  return { code: codes.get(primaryCode) ?? "other", message: `${path}: ${words}` };
}

/** As {@link describeFailure}, for an error while opening: with what to do about it. */
export function describeOpenFailure(path: string, error: unknown): Failure {
  if ((readResultCode(error) & 0xff) === busyCode) {
    const message = `Cannot open ${path}: it is in use by another process. Stop that one, or choose another path.`;
    return { code: "other", message };
  }
  const { code, message } = describeFailure(path, error);
  return { code, message: `Cannot open ${message}. ${advice[code]}`.trimEnd() };
}

/** `errcode` of node:sqlite's errors; 0 for any other error. */
function readResultCode(error: unknown): number {
  if (!(error instanceof Error) || !("errcode" in error)) return 0;
  return typeof error.errcode === "number" ? error.errcode : 0;
}
