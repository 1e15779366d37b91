import { findStack } from "@postrider/testing";
import { describe } from "vitest";
import { describeAdoption } from "../testing/describe-adoption.ts";
import { describeSecrets } from "../testing/describe-secrets.ts";
import { createDatabase, openPostgresStorage } from "../testing/start-on-postgres.ts";

describe.skipIf(findStack() === undefined)("on PostgreSQL", () => {
  describeSecrets(async () => await openPostgresStorage((await createDatabase()).url));
  describeAdoption(async () => await openPostgresStorage((await createDatabase()).url));
});
