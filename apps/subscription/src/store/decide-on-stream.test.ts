import { type EventStore, EventStoreError } from "@postrider/kit-event-store";
import type { Compilable } from "kysely";
import { expect, test } from "vitest";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import { type Aggregate, decideOnStream } from "./decide-on-stream.ts";

type Counted = { readonly kind: "counted" };

const counter: Aggregate<number, Counted> = {
  absent: 0,
  evolve: (count) => count + 1,
  encode: ({ kind }) => ({ type: kind, data: {} }),
  decode: () => ({ kind: "counted" }),
  project: () => [{ compile: () => expect.unreachable() }],
};

/** A stream on which another writer is faster `races` times. */
function contended(races: number): Pick<SubscriptionDeps, "store" | "database" | "clock"> & { tries: () => number } {
  let tries = 0;
  const store = {
    load: async () => await Promise.resolve([]),
    append: async () => {
      tries++;
      await Promise.resolve();
      if (tries <= races) throw new EventStoreError("conflict", "the stream has moved on");
      return [];
    },
  } as Partial<EventStore> as EventStore;
  // The counter's projection asks nothing of it.
  const database = undefined as unknown as SubscriptionDeps["database"];
  const clock = { nowMs: () => 1 } as SubscriptionDeps["clock"];
  return { store, database, clock, tries: () => tries };
}

const change = { stream: "counter/1", decide: () => ({ kind: "accepted", events: [{ kind: "counted" }] }) as const };

test("a lost race is tried again, up to 3 times", async () => {
  const deps = contended(3);
  expect(await decideOnStream(deps, counter, change)).toBe(1);
  expect(deps.tries()).toBe(4);
});

test("after that the caller is told that it lost", async () => {
  const deps = contended(4);
  await expect(decideOnStream(deps, counter, change)).rejects.toMatchObject({ name: "RpcError", code: "aborted" });
  expect(deps.tries()).toBe(4);
});

test("what goes alongside is told what is recorded, and goes in front of the projection", async () => {
  const appended: string[] = [];
  const { store, ...deps } = contended(0);
  const query = (sql: string) => ({ compile: () => ({ sql }) }) as unknown as Compilable;
  const append: EventStore["append"] = async (request) => {
    appended.push(...request.projections.map((each) => each.compile().sql));
    return await store.append(request);
  };
  const projected = { ...counter, project: () => [query("projection")] };
  const alongside = (events: readonly Counted[]) => events.map(({ kind }) => query(kind));
  await decideOnStream({ ...deps, store: { ...store, append } }, projected, { ...change, alongside });
  expect(appended).toEqual(["counted", "projection"]);
});

test("nothing to record is nothing to append", async () => {
  const deps = contended(0);
  const idle = { stream: "counter/1", decide: () => ({ kind: "accepted", events: [] }) as const };
  expect(await decideOnStream(deps, counter, idle)).toBe(0);
  expect(deps.tries()).toBe(0);
});
