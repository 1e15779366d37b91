import { SqliteError } from "@postrider/kit-sqlite";
import { LogError } from "./event-log.ts";

/**
 * Puts what SQLite threw into the port's terms. Everything but `closed` may pass: a disk gets room again, a file its
 * rights back.
 */
export function createLogError(doing: string, cause: unknown): LogError {
  if (cause instanceof LogError) return cause;
  const words = cause instanceof Error ? cause.message : String(cause);
  const closed = cause instanceof SqliteError && cause.code === "closed";
  return new LogError(closed ? "closed" : "unavailable", `${doing}: ${words}`, { cause });
}

/** Whether asking again can help: not if the file is damaged or closed. */
export function mayPass(error: unknown): boolean {
  return error instanceof SqliteError && error.code !== "corrupt" && error.code !== "closed";
}
