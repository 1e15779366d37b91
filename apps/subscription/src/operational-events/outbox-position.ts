import type { SubscriptionDeps } from "../subscription-deps.ts";

type Database = SubscriptionDeps["database"];

const NAME = "operational_events";

/** Up to where everything was published; undefined before the first start. */
export async function findPosition(database: Database): Promise<number | undefined> {
  const found = await database
    .selectFrom("outbox_positions")
    .select("position")
    .where("name", "=", NAME)
    .executeTakeFirst();
  return found?.position;
}

/** Moves it forward, never back: several instances of the service share it. */
export async function savePosition(database: Database, position: number): Promise<void> {
  await database
    .insertInto("outbox_positions")
    .values({ name: NAME, position })
    .onConflict((conflict) =>
      conflict.column("name").doUpdateSet({ position }).where("outbox_positions.position", "<", position),
    )
    .execute();
}
