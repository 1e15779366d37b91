import { findStack } from "@postrider/testing";
import { describe } from "vitest";
import { describeUrlVerification } from "../testing/describe-url-verification.ts";
import { startOnPostgres } from "../testing/start-on-postgres.ts";

describe.skipIf(findStack() === undefined)("on PostgreSQL", () => {
  describeUrlVerification(startOnPostgres);
});
