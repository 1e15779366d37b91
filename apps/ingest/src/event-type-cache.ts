import { JsonSchemaError } from "@postrider/kit-json-schema";
import type { Clock, Random, Service } from "@postrider/kit-lifecycle";
import { RpcError } from "@postrider/kit-rpc";
import type { Logger } from "@postrider/kit-telemetry";
import {
  createWatchedCache,
  describeNotices,
  type WatchedCacheState,
  type WatchedChange,
} from "@postrider/kit-watched-cache";
import type { Catalog } from "./catalog.ts";
import { compileDataCheck, type DataCheck } from "./data-check.ts";

/** An event type as far as publishing needs it. */
interface KnownEventType {
  readonly name: string;
  readonly checkData: DataCheck;
}

/** Two for each name. Names that no catalog holds could fill the memory: what is not asked for goes first. */
const MAX_ENTRIES = 20_000;
/** What a producer is asked to wait while the catalog is away. */
const RETRY_DELAY_MS = 1000;
/** The catalog has none of the name: kept like an answer, until the catalog tells of a change of it. */
const ABSENT = "absent";

type Answer = KnownEventType | typeof ABSENT;
type Found = KnownEventType | undefined;

/** The catalog's event types with their schemas compiled, kept true by the catalog's stream of changes while it runs. */
export interface EventTypeCache extends Service {
  /**
   * Without a promise when it is known; undefined when the catalog has no event type of that name.
   * @throws {RpcError} (by the promise) unavailable when the catalog can't tell now
   */
  readonly find: (name: string) => Promise<Found> | Found;
  readonly state: () => WatchedCacheState;
}

export interface EventTypeCacheDeps {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export function createEventTypeCache({ catalog, clock, random, logger }: EventTypeCacheDeps): EventTypeCache {
  const cache = createWatchedCache<Answer>({
    load: async (name) => load(catalog, name),
    watch: (afterRevision, signal) => watchNames(catalog, afterRevision, signal),
    maxEntries: MAX_ENTRIES,
    // The producer has a deadline of its own, and is told when to come again.
    patienceMs: 0,
    ...{ clock, random },
    onNotice: describeNotices({ what: "event types", clock, logger }),
  });
  return {
    name: "event-types",
    run: cache.run,
    state: cache.state,
    find: (name) => {
      const answer = cache.find(name, "");
      return answer instanceof Promise ? answer.then(toFound) : toFound(answer);
    },
  };
}

function toFound(answer: Answer): Found {
  return answer === ABSENT ? undefined : answer;
}

async function load(catalog: Catalog, name: string): Promise<Answer> {
  const eventType = await ask(catalog, name);
  return eventType ? { name, checkData: prepareCheck(eventType.schema) } : ABSENT;
}

/** A schema that an earlier release took and this one does not refuses every event, so that somebody mends it. */
function prepareCheck(schema: string): DataCheck {
  try {
    return compileDataCheck(schema);
  } catch (error) {
    if (!(error instanceof JsonSchemaError)) throw error;
    const description = `its schema can't be used, update it in the catalog: it ${error.message}`;
    return () => ({ field: "event.type", description });
  }
}

async function ask(catalog: Catalog, name: string): ReturnType<Catalog["getEventType"]> {
  try {
    return await catalog.getEventType(name);
  } catch (error) {
    const text = `whether the catalog has event type ${JSON.stringify(name)} can't be told now: publish it again`;
    throw new RpcError("unavailable", text, { retryDelayMs: RETRY_DELAY_MS, cause: error });
  }
}

async function* watchNames(
  catalog: Catalog,
  afterRevision: bigint,
  signal: AbortSignal,
): AsyncGenerator<WatchedChange> {
  for await (const { revision, name } of catalog.watchEventTypes({ afterRevision }, signal)) {
    yield { revision, scope: name };
  }
}
