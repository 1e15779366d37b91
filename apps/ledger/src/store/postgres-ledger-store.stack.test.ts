import { findStack } from "@postrider/testing";
import { describe } from "vitest";
import { describeLedgerStore } from "../testing/describe-ledger-store.ts";
import { openOnPostgres } from "../testing/open-on-postgres.ts";

describe.skipIf(findStack() === undefined)("on PostgreSQL", () => {
  describeLedgerStore(openOnPostgres);
});
