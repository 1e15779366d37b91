import type { Catalog } from "./catalog.ts";
import { compileDataCheck, type DataCheck } from "./data-check.ts";

/** An event type as far as publishing needs it. */
interface KnownEventType {
  readonly name: string;
  readonly checkData: DataCheck;
}

/** Names that no catalog holds could fill the memory: of those and of the known together, the latest are kept. */
const MAX_CACHED = 10_000;

export interface EventTypeCache {
  /** @returns undefined when the catalog has no event type of that name */
  readonly find: (name: string) => Promise<KnownEventType | undefined> | KnownEventType | undefined;
}

/**
 * The catalog's event types with their schemas compiled, kept until the catalog says that they changed. Concurrent
 * look-ups of one name share one question; a change while a question is out makes its answer used once and not kept.
 */
export function createEventTypeCache(catalog: Catalog): EventTypeCache {
  const known = new Map<string, KnownEventType | undefined>();
  const asked = new Map<string, Promise<KnownEventType | undefined>>();
  catalog.onEventTypeChanged((name) => {
    known.delete(name);
    asked.delete(name);
  });

  async function ask(name: string): Promise<KnownEventType | undefined> {
    const question = load(catalog, name);
    asked.set(name, question);
    try {
      const answer = await question;
      if (asked.get(name) === question) keep(name, answer);
      return answer;
    } finally {
      if (asked.get(name) === question) asked.delete(name);
    }
  }

  function keep(name: string, answer: KnownEventType | undefined): void {
    if (known.size >= MAX_CACHED) known.delete(known.keys().next().value ?? name);
    known.set(name, answer);
  }

  return {
    find: (name) => (known.has(name) ? known.get(name) : (asked.get(name) ?? ask(name))),
  };
}

async function load(catalog: Catalog, name: string): Promise<KnownEventType | undefined> {
  const eventType = await catalog.getEventType(name);
  return eventType && { name, checkData: compileDataCheck(eventType.schema) };
}
