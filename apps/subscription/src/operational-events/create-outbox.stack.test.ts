import { findStack } from "@postrider/testing";
import { describe } from "vitest";
import { describeOutbox } from "../testing/describe-outbox.ts";
import { startOnPostgres } from "../testing/start-on-postgres.ts";

describe.skipIf(findStack() === undefined)("on PostgreSQL", () => {
  describeOutbox(startOnPostgres);
});
