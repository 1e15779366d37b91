import { findStack } from "@postrider/testing";
import { describe } from "vitest";
import { describeEventTypeService } from "../testing/describe-event-type-service.ts";
import { startOnPostgres } from "../testing/start-on-postgres.ts";

describe.skipIf(findStack() === undefined)("on PostgreSQL", () => {
  describeEventTypeService(startOnPostgres);
});
