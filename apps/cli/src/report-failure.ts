import { readErrorDetails } from "@postrider/kit-rpc";
import { CommanderError } from "commander";
import type { TextSink } from "./cli-context.ts";
import { CallFailure, SubjectFailure, UsageError, VerificationFailure } from "./failures.ts";
import { toPrintable } from "./output/printable.ts";

/** The exit codes, as the README and `--help` tell them. */
export const EXIT = { ok: 0, refused: 1, usage: 2, unreachable: 3, unverified: 4 } as const;

/** How grpc-js begins the message of a call that found nobody; a server's own UNAVAILABLE reads otherwise. */
const NOBODY_THERE = /^(No connection established|Name resolution failed|Connection dropped)|ECONNREFUSED|ECONNRESET/;

interface Failure {
  readonly exitCode: number;
  readonly lines: readonly string[];
}

/** Tells people why a command failed: `error: ...`, then a line per detail. Returns the exit code. */
export function reportFailure(error: unknown, stderr: TextSink): number {
  const { exitCode, lines } = describeFailure(error);
  const [first, ...details] = lines;
  if (first !== undefined) stderr.write(`error: ${toPrintable(first)}\n`);
  for (const detail of details) stderr.write(`  ${toPrintable(detail)}\n`);
  return exitCode;
}

function describeFailure(error: unknown): Failure {
  // commander has already told: help, version, or what is wrong with the arguments.
  if (error instanceof CommanderError) return { exitCode: error.exitCode === 0 ? EXIT.ok : EXIT.usage, lines: [] };
  if (error instanceof UsageError) return { exitCode: EXIT.usage, lines: [error.message, ...error.details] };
  if (error instanceof VerificationFailure) return { exitCode: EXIT.unverified, lines: [error.message] };
  if (error instanceof SubjectFailure) return describeSubject(error);
  if (error instanceof CallFailure) return describeRefusal(error.cause, error.address);
  return { exitCode: EXIT.refused, lines: [error instanceof Error ? error.message : String(error)] };
}

function describeSubject({ subject, cause }: SubjectFailure): Failure {
  const { exitCode, lines } = describeFailure(cause);
  const [first = "", ...details] = lines;
  return { exitCode, lines: [`${subject}: ${first}`, ...details] };
}

function describeRefusal(error: unknown, address: string): Failure {
  const { code, message, violations } = readErrorDetails(error);
  const fields = violations.map(({ field, description }) => `${field}: ${description}`);
  switch (code) {
    case "UNAVAILABLE":
      return { exitCode: EXIT.unreachable, lines: [describeAbsence(message, address)] };
    case "DEADLINE_EXCEEDED":
      return { exitCode: EXIT.unreachable, lines: [`${address} did not answer in time (--timeout): ${message}`] };
    case "UNAUTHENTICATED":
      return { exitCode: EXIT.refused, lines: [`${message} (set POSTRIDER_TOKEN, or --cert and --key)`] };
    case "INVALID_ARGUMENT":
      // The message repeats the violations, if there are any.
      return { exitCode: EXIT.usage, lines: fields.length > 0 ? ["invalid argument", ...fields] : [message] };
    case "UNKNOWN":
      return { exitCode: EXIT.refused, lines: [message] };
    default:
      return { exitCode: EXIT.refused, lines: [`${message} (${code})`, ...fields] };
  }
}

function describeAbsence(message: string, address: string): string {
  if (!NOBODY_THERE.test(message)) return `${message} (UNAVAILABLE)`;
  return `can't reach Postrider at ${address}: start it with \`npm start\`, or name another with --address`;
}
