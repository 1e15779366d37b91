import { isLive, type LiveSubscription } from "@postrider/domain-subscription";
import type { StoredEvent } from "@postrider/kit-event-store";
import { insertSecret } from "../store/signing-secrets.ts";
import { findPlainSecret, subscriptionAggregate } from "../store/subscription-aggregate.ts";
import type { PrepareSecretsDeps } from "./prepare-secrets.ts";

const PAGE_EVENTS = 200;

/**
 * Seals the secrets that stand in the events of a database from before there were master keys, and takes them out of the
 * events and the projections. Each step may be done again: a stream is finished with its last event.
 */
export async function adoptPlainSecrets(deps: PrepareSecretsDeps): Promise<void> {
  const { store, logger } = deps;
  let adopted = 0;
  let position = 0;
  for (;;) {
    const page = await store.readAfter(position, PAGE_EVENTS);
    const plain = page.filter((event) => findPlainSecret(event) !== undefined);
    for (const stream of new Set(plain.map(({ stream }) => stream))) {
      adopted += await adoptStream(deps, await store.load(stream));
    }
    position = page.at(-1)?.position ?? position;
    if (page.length < PAGE_EVENTS) break;
  }
  if (adopted === 0) return;
  const rest = "copies of the database from before still have them: rotate those that others could have read";
  logger.warn({ secrets: adopted }, `secrets that stood in the database in plain are encrypted now; ${rest}`);
}

/** Secrets first, then what names their keys, the events last. Answers how many secrets it took out of the events. */
async function adoptStream(deps: PrepareSecretsDeps, events: readonly StoredEvent[]): Promise<number> {
  const { store, database } = deps;
  const { absent, evolve, decode, encode, project } = subscriptionAggregate;
  const plain = events.flatMap((event) => {
    const secret = findPlainSecret(event);
    return secret === undefined ? [] : [{ stored: event, event: decode(event), secret }];
  });
  const state = events.map(decode).reduce(evolve, absent);
  if (isLive(state)) {
    const secrets = new Map(plain.flatMap(({ event, secret }) => ("key" in event ? [[event.key.id, secret]] : [])));
    await keepSecrets(deps, state, secrets);
    for (const query of project(database, absent, state)) await database.executeQuery(query.compile());
  }
  for (const { stored, event } of plain) {
    await store.redact({ position: stored.position, data: encode(event).data });
  }
  return plain.length;
}

/** Of the keys that it still has. @param secrets by the keys' ids */
async function keepSecrets(
  deps: PrepareSecretsDeps,
  { id: subscriptionId, tenantId, keys }: LiveSubscription,
  secrets: ReadonlyMap<string, string>,
): Promise<void> {
  for (const { id: keyId, expiresAtMs } of keys) {
    const secret = secrets.get(keyId);
    if (secret === undefined) continue;
    await insertSecret(deps, { tenantId, subscriptionId, keyId, secret, expiresAtMs })
      .onConflict((conflict) => conflict.column("key_id").doNothing())
      .execute();
  }
}
