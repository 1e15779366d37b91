// Which answers no caller should ever get, whatever it sent.
import { status } from "@grpc/grpc-js";
import type { Outcome } from "../requests/send-request.ts";

/** Nothing that a request may ask for takes so long, also on a busy machine. */
const SLOW_MS = 10_000;

const DEFECTS: ReadonlyMap<status, string> = new Map([
  [status.INTERNAL, "a defect of the server"],
  [status.UNKNOWN, "a defect of the server"],
  [status.DATA_LOSS, "nothing may be lost"],
  [status.UNAVAILABLE, "the server has to stay, and its store with it"],
  [status.DEADLINE_EXCEEDED, "nobody answered"],
]);

/** What is wrong with it; undefined if nothing is. */
export function judgeOutcome({ code, details, tookMs }: Outcome): string | undefined {
  const defect = DEFECTS.get(code);
  if (defect !== undefined) return `${status[code]} (${defect}): ${details}`;
  return tookMs > SLOW_MS ? `answered after ${Math.round(tookMs)} ms, ${status[code]}` : undefined;
}
