import { type Logger as PinoLogger, pino } from "pino";

/** Structured logging: one JSON line per entry, on standard error, so that standard output stays for answers. */
export type Logger = Pick<PinoLogger, "debug" | "info" | "warn" | "error" | "fatal">;

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
export const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];

/** The root logger of a process. */
export function createLogger({ service, level }: { service: string; level: LogLevel }): Logger {
  return pino({ level, base: { service } }, pino.destination({ dest: 2, sync: true }));
}
