import { findStack } from "@postrider/testing";
import { describe } from "vitest";
import { describeEndpointHealth } from "../testing/describe-endpoint-health.ts";
import { startOnPostgres } from "../testing/start-on-postgres.ts";

describe.skipIf(findStack() === undefined)("on PostgreSQL", () => {
  describeEndpointHealth(startOnPostgres);
});
