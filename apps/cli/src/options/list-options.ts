import type { Command } from "commander";
import { integer, moment } from "./option-values.ts";

/** What every list of the ledger takes. */
export interface ListOptions {
  readonly tenant: string;
  readonly from?: Date;
  readonly to?: Date;
  readonly limit: number;
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1_000_000;

/** Adds --tenant, --from, --to and --limit. */
export function addListOptions(command: Command): Command {
  return command
    .option("--tenant <id>", "only those of one tenant", "")
    .option("--from <time>", "accepted then or later, such as 2030-01-31T12:00:00Z", moment)
    .option("--to <time>", "accepted before", moment)
    .option("--limit <count>", "so many, the newest", integer(1, MAX_LIMIT), DEFAULT_LIMIT);
}
