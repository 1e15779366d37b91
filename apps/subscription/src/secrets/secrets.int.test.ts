import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeAdoption, PLAIN_SECRETS, writePlain } from "../testing/describe-adoption.ts";
import { describeSecrets } from "../testing/describe-secrets.ts";
import { createFolder, openSqliteStorage, startSubscription } from "../testing/start-subscription.ts";

describeSecrets(async () => await openSqliteStorage(await createFolder()));
describeAdoption(async () => await openSqliteStorage(await createFolder()));

test("secrets that stood in plain are in no byte of the file after the next end", async () => {
  const folder = await createFolder();
  const before = await openSqliteStorage(folder);
  await writePlain(before, Date.now() + 60_000);
  await before.close();
  expect(await findInFiles(folder, PLAIN_SECRETS)).toEqual(PLAIN_SECRETS);
  const storage = await openSqliteStorage(folder);
  await startSubscription(storage);
  await storage.close();
  expect(await findInFiles(folder, PLAIN_SECRETS)).toEqual([]);
});

async function findInFiles(folder: string, secrets: readonly string[]): Promise<readonly string[]> {
  const files = await Promise.all((await readdir(folder)).map(async (name) => await readFile(join(folder, name))));
  return secrets.filter((secret) => files.some((bytes) => bytes.includes(secret.slice("whsec_".length))));
}
