import { findStack } from "@postrider/testing";
import { describe } from "vitest";
import { describeSubscriptionService } from "../testing/describe-subscription-service.ts";
import { startOnPostgres } from "../testing/start-on-postgres.ts";

describe.skipIf(findStack() === undefined)("on PostgreSQL", () => {
  describeSubscriptionService(startOnPostgres);
});
