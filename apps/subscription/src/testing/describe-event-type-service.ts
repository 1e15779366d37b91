import type { EventType } from "@postrider/contracts/postrider/v1/event_type";
import { describe, expect, test } from "vitest";
import { eventTypeMessage, subscriptionMessage } from "./build-messages.ts";
import { ask, readFailure, type RunningSubscription, type StartSubscription } from "./start-subscription.ts";

/** What the service of event types must do, whichever store stands behind it. */
export function describeEventTypeService(startSubscription: StartSubscription): void {
  describe("CreateEventType", () => {
    test("puts it into the catalog as version 1, whatever else the message says", async () => {
      const running = await startSubscription();
      const created = await create(running, { ...full, version: 9, deprecated: true });
      expect(created).toEqual({
        ...eventTypeMessage(full),
        version: 1,
        createTime: expect.any(Date) as Date,
        updateTime: created.createTime,
      });
      const { eventTypes } = running;
      expect((await ask(eventTypes, "getEventType", { name: "order.paid" })).eventType).toEqual(created);
    });

    test("is ALREADY_EXISTS for a name that is there", async () => {
      const running = await startSubscription();
      await create(running);
      expect(await readFailure(create(running))).toMatchObject({
        code: "ALREADY_EXISTS",
        message: expect.stringMatching(/order\.paid/) as string,
      });
    });

    const refused: readonly [Partial<EventType>, string][] = [
      [{ name: "" }, "event_type.name"],
      [{ name: "order.*" }, "event_type.name"],
      [{ name: "a\0b" }, "event_type.name"],
      [{ description: "d".repeat(4097) }, "event_type.description"],
      [{ schema: "{" }, "event_type.schema"],
      [{ schema: '{"type":"text"}' }, "event_type.schema"],
      [{ schema: '"'.padEnd(65_536, "a") + '"' }, "event_type.schema"],
      [{ schema, examples: [{ name: "a", data: '{"amount":"1"}' }] }, "event_type.examples[0].data"],
      [{ examples: [{ name: "a", data: "{" }] }, "event_type.examples[0].data"],
      [{ acknowledgement: "a".repeat(4097) }, "event_type.acknowledgement"],
    ];

    test("refuses what breaks a rule, by its field", async () => {
      const running = await startSubscription();
      for (const [fields, field] of refused) {
        const failure = await readFailure(create(running, fields));
        expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field }] });
      }
    });

    test("needs an event type", async () => {
      const { eventTypes } = await startSubscription();
      const failing = ask(eventTypes, "createEventType", { eventType: undefined });
      expect(await readFailure(failing)).toMatchObject({
        code: "INVALID_ARGUMENT",
        violations: [{ field: "event_type" }],
      });
    });
  });

  describe("UpdateEventType", () => {
    test("changes what the mask names, as a new version", async () => {
      const running = await startSubscription();
      const { eventTypes } = running;
      const created = await create(running, full);
      const request = { eventType: eventTypeMessage({ description: "new" }), updateMask: ["description"] };
      const { eventType } = await ask(eventTypes, "updateEventType", request);
      expect(eventType).toEqual({ ...created, description: "new", version: 2, updateTime: expect.any(Date) as Date });
    });

    test("changes everything without a mask", async () => {
      const running = await startSubscription();
      const { eventTypes } = running;
      await create(running, full);
      const request = { eventType: eventTypeMessage({ acknowledgement: "ok" }), updateMask: undefined };
      const { eventType } = await ask(eventTypes, "updateEventType", request);
      expect(eventType).toMatchObject({ ...eventTypeMessage({ acknowledgement: "ok" }), version: 2, ...anyTimes });
    });

    test("refuses a schema that the examples do not fit, which stay", async () => {
      const running = await startSubscription();
      const { eventTypes } = running;
      await create(running, full);
      const request = { eventType: eventTypeMessage({ schema: '{"type":"string"}' }), updateMask: ["schema"] };
      const failure = await readFailure(ask(eventTypes, "updateEventType", request));
      expect(failure.violations).toMatchObject([
        { field: "event_type.examples[0].data", description: expect.stringMatching(/must be string/) as string },
      ]);
    });

    const refused: readonly [Partial<EventType>, string[], string][] = [
      [{ name: "" }, ["description"], "event_type.name"],
      [{}, ["name"], "update_mask"],
      [{}, ["deprecated"], "update_mask"],
      [{ description: "d".repeat(4097) }, ["description"], "event_type.description"],
    ];

    test("refuses what breaks a rule, by its field", async () => {
      const running = await startSubscription();
      const { eventTypes } = running;
      await create(running);
      for (const [fields, updateMask, field] of refused) {
        const request = { eventType: eventTypeMessage(fields), updateMask };
        const failure = await readFailure(ask(eventTypes, "updateEventType", request));
        expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field }] });
      }
    });
  });

  describe("Postrider's own event types", () => {
    test("are found, with their schemas", async () => {
      const { eventTypes, lookups } = await startSubscription();
      for (const name of OURS) {
        const { eventType } = await ask(eventTypes, "getEventType", { name });
        expect(eventType).toMatchObject({ name, deprecated: false, examples: [{ name: "typical" }] });
        expect(await lookups.getEventType(name)).toEqual(eventType);
      }
    });

    test("can't be made, changed or deprecated by anybody", async () => {
      const running = await startSubscription();
      const { eventTypes } = running;
      const [name = ""] = OURS;
      const eventType = eventTypeMessage({ name });
      const created = { eventType: eventTypeMessage({ name: "postrider.x" }) };
      const failures = await Promise.all([
        readFailure(ask(eventTypes, "createEventType", { eventType })),
        readFailure(ask(eventTypes, "createEventType", created)),
        readFailure(ask(eventTypes, "updateEventType", { eventType, updateMask: [] })),
        readFailure(ask(eventTypes, "deprecateEventType", { name })),
      ]);
      const fields = ["event_type.name", "event_type.name", "event_type.name", "name"];
      for (const [index, failure] of failures.entries()) {
        const violation = { field: fields[index], description: expect.stringContaining("is reserved") as string };
        expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", violations: [violation] });
      }
    });

    test("are for those who name them, not for those who want everything", async () => {
      const { subscriptions, lookups } = await startSubscription();
      for (const eventTypes of [["*"], [OURS[0] ?? ""], ["postrider.*"]]) {
        await ask(subscriptions, "createSubscription", { subscription: subscriptionMessage({ eventTypes }) });
      }
      const found = await lookups.resolve({ tenantId: "acme", eventType: OURS[0] ?? "" });
      expect(found.subscriptions.map(({ eventTypes }) => eventTypes)).toEqual([[OURS[0]], ["postrider.*"]]);
    });
  });

  test("DeprecateEventType marks it, once", async () => {
    const running = await startSubscription();
    const { eventTypes } = running;
    await create(running);
    const { eventType } = await ask(eventTypes, "deprecateEventType", { name: "order.paid" });
    expect(eventType).toMatchObject({ deprecated: true, version: 1 });
    const again = await ask(eventTypes, "deprecateEventType", { name: "order.paid" });
    expect(again.eventType).toEqual(eventType);
  });

  test("an event type that is not in the catalog is NOT_FOUND, and one whose name can't be one can't be asked for", async () => {
    const { eventTypes } = await startSubscription();
    const update = { eventType: eventTypeMessage({ name: "none" }), updateMask: undefined };
    for (const failing of [
      ask(eventTypes, "getEventType", { name: "none" }),
      ask(eventTypes, "deprecateEventType", { name: "none" }),
      ask(eventTypes, "updateEventType", update),
    ].map(readFailure)) {
      expect((await failing).code).toBe("NOT_FOUND");
    }
    for (const failing of [
      ask(eventTypes, "getEventType", { name: "" }),
      ask(eventTypes, "deprecateEventType", { name: "" }),
      ask(eventTypes, "getEventType", { name: "a\0b" }),
      ask(eventTypes, "deprecateEventType", { name: "a\0b" }),
    ].map(readFailure)) {
      expect(await failing).toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field: "name" }] });
    }
  });

  describe("ListEventTypes", () => {
    test("pages by name", async () => {
      const running = await startSubscription();
      const { eventTypes } = running;
      for (const name of ["c", "a", "b"]) await create(running, { name });
      const first = await ask(eventTypes, "listEventTypes", { pageSize: 2, pageToken: "" });
      expect(first.eventTypes.map(({ name }) => name)).toEqual(["a", "b"]);
      const request = { pageSize: 4, pageToken: first.nextPageToken };
      const second = await ask(eventTypes, "listEventTypes", request);
      expect(second.eventTypes.map(({ name }) => name)).toEqual(["c", ...OURS]);
      expect(second.nextPageToken).toBe("");
    });

    test("sorts by bytes, so that no collation of the store shows", async () => {
      const running = await startSubscription();
      const names = ["B", "Z.z", "a", "a.b", "aB", "a_b", "ab", "b", "postriderA", "postrider_a", "q"];
      for (const name of [...names].reverse()) await create(running, { name });
      const listed: string[] = [];
      let pageToken = "";
      do {
        const page = await ask(running.eventTypes, "listEventTypes", { pageSize: 2, pageToken });
        listed.push(...page.eventTypes.map(({ name }) => name));
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      expect(listed).toEqual([...names, ...OURS].sort());
    });

    test.each([
      [{ pageSize: 1001 }, "page_size"],
      [{ pageToken: Buffer.from('["event types","a\\u0000"]').toString("base64url") }, "page_token"],
      [{ pageToken: Buffer.from('["subscriptions of all","a"]').toString("base64url") }, "page_token"],
    ])("refuses %j by %s", async (fields, field) => {
      const { eventTypes } = await startSubscription();
      const request = { pageSize: 0, pageToken: "", ...fields };
      const failure = await readFailure(ask(eventTypes, "listEventTypes", request));
      expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field }] });
    });
  });
}

async function create({ eventTypes }: RunningSubscription, fields: Partial<EventType> = {}): Promise<EventType> {
  const { eventType } = await ask(eventTypes, "createEventType", { eventType: eventTypeMessage(fields) });
  if (!eventType) throw new Error("an answer without an event type");
  return eventType;
}

const OURS = ["disabled", "failing", "recovered"].map((word) => `postrider.subscription.${word}`);

const schema = JSON.stringify({ type: "object", properties: { amount: { type: "integer" } }, required: ["amount"] });

const full: Partial<EventType> = {
  description: "An order was paid.",
  schema,
  examples: [{ name: "small", data: '{"amount":1}' }],
  acknowledgement: "success",
};

const anyTimes = { createTime: expect.any(Date) as Date, updateTime: expect.any(Date) as Date };
