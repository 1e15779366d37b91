import { createPostgresKysely, openPostgresEventStore, postgresEventStoreSchema } from "@postrider/kit-event-store";
import { openPostgres } from "@postrider/kit-postgres";
import { createTestDatabase, type TestDatabase } from "@postrider/kit-postgres/testing";
import { findStack } from "@postrider/testing";
import { onTestFinished } from "vitest";
import { postgresSubscriptionSchema, type SubscriptionSchema } from "../store/subscription-schema.ts";
import { type OpenedStorage, type StartSubscription, startSubscription } from "./start-subscription.ts";

/** The service on a database of its own. */
export const startOnPostgres: StartSubscription = async (wrap, verification) => {
  const { url } = await createDatabase();
  return await startSubscription(await openPostgresStorage(url), { wrap, verification });
};

/** A database that ends with the test. */
export async function createDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase(findStack()?.databaseUrl ?? "");
  onTestFinished(database.drop);
  return database;
}

/** Opens a database as one instance of the service does. */
export async function openPostgresStorage(url: string): Promise<OpenedStorage> {
  const schema = [...postgresEventStoreSchema, ...postgresSubscriptionSchema];
  const postgres = await openPostgres({ url, schema, applicationName: "subscription-test" });
  return {
    store: openPostgresEventStore({ postgres }),
    database: createPostgresKysely<SubscriptionSchema>(postgres),
    close: postgres.close,
  };
}
