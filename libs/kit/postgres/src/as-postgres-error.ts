import { DatabaseError } from "pg";
import { PostgresError, type PostgresErrorCode } from "./postgres.ts";

/** By SQLSTATE. Source: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const codesByState: ReadonlyMap<string, PostgresErrorCode> = new Map([
  ["25006", "unavailable"], // read_only_sql_transaction: a standby, as during a failover
  ["25P03", "unavailable"], // idle_in_transaction_session_timeout
  ["25P04", "unavailable"], // transaction_timeout
  ["42501", "setup"], // insufficient_privilege
  ["55P03", "unavailable"], // lock_not_available
]);

/** By the first two characters of the SQLSTATE. */
const codesByClass: ReadonlyMap<string, PostgresErrorCode> = new Map([
  ["08", "unavailable"], // connection
  ["23", "constraint"],
  ["28", "setup"], // authorization
  ["3D", "setup"], // no such database
  ["40", "unavailable"], // deadlock and serialization: it can be tried again
  ["53", "unavailable"], // out of connections, memory or disk
  ["57", "unavailable"], // shut down, starting, cancelled by a timeout
  ["58", "unavailable"], // input and output of the server's system
]);

/** What pg throws where the operating system gave no code. It is pinned, and the tests see that these still stand. */
const lostConnection = /^(Connection terminated unexpectedly|Client has encountered a connection error)/;
const lateAnswer = /^(Query read timeout|timeout exceeded when trying|Connection terminated|timeout expired)/;
/** ECONNREFUSED, EAI_AGAIN ..., but not the ERR_ codes of wrong calls. */
const systemCode = /^E(?!RR_)[A-Z_]+$/;

/** What pg threw, with a code of the closed set. */
export function asPostgresError(error: unknown): PostgresError {
  if (error instanceof PostgresError) return error;
  const message = readWords(error);
  if (!(error instanceof DatabaseError)) {
    return new PostgresError(isConnectionFailure(error) ? "unavailable" : "other", message, { cause: error });
  }
  const { constraint } = error;
  return new PostgresError(judgeServerError(error), message, {
    cause: error,
    ...(constraint === undefined ? {} : { constraint }),
  });
}

/** The connection died while or before it was used; another one may live. */
export function isLostConnection(error: unknown): boolean {
  const code = readCode(error);
  if (error instanceof DatabaseError) return code === "57P01" || code === "57P02";
  return code === "ECONNRESET" || code === "EPIPE" || (error instanceof Error && lostConnection.test(error.message));
}

/** Whether its connection may be used no more: only an error of the server's own leaves it as it was. */
export function breaksConnection(error: unknown): boolean {
  return !(error instanceof DatabaseError) || error.severity !== "ERROR";
}

/** The SQLSTATE, or the code of the operating system; empty without one. */
export function readCode(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

/** Its message on one line. */
export function readWords(error: unknown): string {
  // When a name has several addresses, the message is empty, and each has its own error.
  const [first] = error instanceof AggregateError ? (error.errors as readonly unknown[]) : [];
  if (first !== undefined) return readWords(first);
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ");
}

function judgeServerError(error: DatabaseError): PostgresErrorCode {
  const state = readCode(error);
  const code = codesByState.get(state) ?? codesByClass.get(state.slice(0, 2));
  // What ends a connection, or lets none begin, is not the statement's fault.
  return code ?? (breaksConnection(error) ? "unavailable" : "other");
}

function isConnectionFailure(error: unknown): boolean {
  if (isLostConnection(error) || systemCode.test(readCode(error))) return true;
  return error instanceof Error && lateAnswer.test(error.message);
}
