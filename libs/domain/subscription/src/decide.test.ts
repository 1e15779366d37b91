import { describe, expect, test } from "vitest";
import { decide, type SubscriptionCommand } from "./decide.ts";
import { DEFAULT_LIMITS, type SubscriptionSettings } from "./settings.ts";
import type { NewSigningKey } from "./signing-keys.ts";
import { ABSENT, evolve, type SubscriptionEvent } from "./subscription.ts";

const settings: SubscriptionSettings = {
  callbackUrl: "https://example.com/hook",
  eventTypes: ["order.paid"],
  description: "",
  method: "POST",
  payloadFormat: "standard",
  headers: {},
  signature: "hmac_sha256",
  acknowledgement: { kind: "status" },
  retryPolicy: { kind: "default" },
  limits: DEFAULT_LIMITS,
};
/** A key by its id, which is all that matters here. */
const hmac = (id: string): NewSigningKey => ({ id, kind: "hmac_sha256" });
const ed25519: NewSigningKey = { id: "pair", kind: "ed25519", publicKey: "whpk_x" };
const who = { id: "sub_1", tenantId: "acme" };
const created: SubscriptionEvent = { ...who, kind: "subscription_created", settings, key: hmac("first"), atMs: 1 };
const paused: SubscriptionEvent = { ...who, kind: "subscription_paused", atMs: 2 };
const disabled: SubscriptionEvent = { ...who, kind: "subscription_disabled", reason: "gone", atMs: 2 };
const deleted: SubscriptionEvent = { ...who, kind: "subscription_deleted", atMs: 2 };
const create: SubscriptionCommand = { kind: "create", ...who, settings, key: hmac("first"), atMs: 1 };
const changes: readonly SubscriptionCommand[] = [
  { kind: "update", changes: { description: "new" }, atMs: 3 },
  { kind: "pause", atMs: 3 },
  { kind: "resume", atMs: 3 },
  { kind: "disable", reason: "gone", atMs: 3 },
  { kind: "rotate_secret", key: hmac("second"), overlapMs: 0, atMs: 3 },
  { kind: "delete", atMs: 3 },
];

function given(...events: readonly SubscriptionEvent[]) {
  const state = events.reduce(evolve, ABSENT);
  return {
    when: (command: SubscriptionCommand) => {
      const decision = decide(command, state);
      return {
        then: (...expected: readonly SubscriptionEvent[]) => {
          expect(decision).toEqual({ kind: "accepted", events: expected });
        },
        thenRejected: (code: string, words: string) => {
          expect(decision).toMatchObject({ kind: "rejected", code });
          expect(JSON.stringify(decision)).toContain(words);
        },
      };
    },
  };
}

describe("creating", () => {
  test("makes it active", () => {
    given().when(create).then(created);
    expect(evolve(ABSENT, created)).toMatchObject({ kind: "active", settings, keys: [hmac("first")] });
  });

  test("is refused when it exists or once it was deleted", () => {
    given(created).when(create).thenRejected("already_exists", "sub_1");
    given(created, deleted).when(create).thenRejected("already_exists", "sub_1");
  });

  test("is refused with what breaks a bound", () => {
    given()
      .when({ ...create, tenantId: "a b" })
      .thenRejected("invalid", "subscription.tenant_id");
    given()
      .when({ ...create, settings: { ...settings, eventTypes: [] } })
      .thenRejected("invalid", "subscription.event_types");
  });
});

describe.each(changes)("$kind", (command) => {
  test("finds nothing where nothing was made, or where it was deleted", () => {
    given().when(command).thenRejected("not_found", "no such subscription");
    given(created, deleted).when(command).thenRejected("not_found", "no such subscription");
  });
});

describe("updating", () => {
  test("records what changed only, and leaves the rest and the state", () => {
    const updated: SubscriptionEvent = {
      ...who,
      kind: "subscription_updated",
      changes: { description: "new" },
      atMs: 3,
    };
    given(created, paused)
      .when({ kind: "update", changes: { description: "new" }, atMs: 3 })
      .then(updated);
    expect([created, paused, updated].reduce(evolve, ABSENT)).toMatchObject({
      kind: "paused",
      settings: { ...settings, description: "new" },
      createdAtMs: 1,
      updatedAtMs: 3,
    });
  });

  test("to what it is already records nothing", () => {
    given(created)
      .when({ kind: "update", changes: { eventTypes: ["order.paid"], limits: DEFAULT_LIMITS }, atMs: 3 })
      .then();
  });

  test("to another kind of signature rotates to a key of it, with the usual overlap", () => {
    const update: SubscriptionCommand = { kind: "update", changes: { signature: "ed25519" }, key: ed25519, atMs: 3 };
    given(created)
      .when(update)
      .then(
        { ...who, kind: "subscription_updated", changes: { signature: "ed25519" }, atMs: 3 },
        { ...who, kind: "secret_rotated", key: ed25519, oldExpiresAtMs: 3 + 86_400_000, atMs: 3 },
      );
  });

  test("to the kind of signature that it has keeps its key", () => {
    const changes = { signature: "hmac_sha256", description: "new" } as const;
    given(created)
      .when({ kind: "update", changes, key: hmac("second"), atMs: 3 })
      .then({ ...who, kind: "subscription_updated", changes, atMs: 3 });
  });

  test("is refused when the whole would break a bound", () => {
    given(created)
      .when({ kind: "update", changes: { callbackUrl: "ftp://example.com" }, atMs: 3 })
      .thenRejected("invalid", "subscription.callback_url");
  });
});

describe("pausing, resuming and disabling", () => {
  test("an active one pauses, a paused one stays paused", () => {
    given(created).when({ kind: "pause", atMs: 2 }).then(paused);
    given(created, paused).when({ kind: "pause", atMs: 3 }).then();
  });

  test("a disabled one can't be paused: it is not delivered to at all", () => {
    given(created, disabled).when({ kind: "pause", atMs: 3 }).thenRejected("wrong_state", "disabled (gone)");
  });

  test("paused and disabled ones resume, and lose their reason", () => {
    const resumed: SubscriptionEvent = { ...who, kind: "subscription_resumed", atMs: 3 };
    given(created).when({ kind: "resume", atMs: 3 }).then();
    given(created, paused).when({ kind: "resume", atMs: 3 }).then(resumed);
    given(created, disabled).when({ kind: "resume", atMs: 3 }).then(resumed);
    expect([created, disabled, resumed].reduce(evolve, ABSENT)).not.toHaveProperty("reason");
  });

  test("an active and a paused one are disabled with the reason; a second time records nothing", () => {
    given(created).when({ kind: "disable", reason: "gone", atMs: 2 }).then(disabled);
    given(created, paused).when({ kind: "disable", reason: "gone", atMs: 2 }).then(disabled);
    given(created, disabled).when({ kind: "disable", reason: "failing", atMs: 3 }).then();
  });
});

describe("disabling for what was learnt of one callback URL", () => {
  test("does nothing once it has another one", () => {
    const url = settings.callbackUrl;
    given(created).when({ kind: "disable", reason: "gone", callbackUrl: url, atMs: 2 }).then(disabled);
    given(created)
      .when({ kind: "disable", reason: "gone", callbackUrl: `${url}/old`, atMs: 2 })
      .then();
  });

  test.each(["", "r".repeat(257), "a\nb", "\ud800"])("takes no reason like %j", (reason) => {
    given(created).when({ kind: "disable", reason, atMs: 2 }).thenRejected("invalid", "reason");
  });
});

describe("rotating the secret", () => {
  const rotated = (id: string, atMs: number, overlapMs: number): SubscriptionEvent => ({
    ...who,
    kind: "secret_rotated",
    key: hmac(id),
    oldExpiresAtMs: atMs + overlapMs,
    atMs,
  });
  const keysAfter = (...events: readonly SubscriptionEvent[]): unknown =>
    ([created, ...events].reduce(evolve, ABSENT) as { keys: unknown }).keys;

  test("puts the new one first and ends the old one after the overlap", () => {
    given(created)
      .when({ kind: "rotate_secret", key: hmac("second"), overlapMs: 1000, atMs: 10 })
      .then(rotated("second", 10, 1000));
    expect(keysAfter(rotated("second", 10, 1000))).toEqual([hmac("second"), { ...hmac("first"), expiresAtMs: 1010 }]);
  });

  test("again leaves an older one's end as it was, and drops what has ended", () => {
    expect(keysAfter(rotated("second", 10, 1000), rotated("third", 20, 5000))).toEqual([
      hmac("third"),
      { ...hmac("second"), expiresAtMs: 5020 },
      { ...hmac("first"), expiresAtMs: 1010 },
    ]);
    expect(keysAfter(rotated("second", 10, 1000), rotated("third", 1010, 5000))).toEqual([
      hmac("third"),
      { ...hmac("second"), expiresAtMs: 6010 },
    ]);
  });

  test("without overlap drops the old one at once", () => {
    expect(keysAfter(rotated("second", 10, 0))).toEqual([hmac("second")]);
  });

  test("keeps at most 10 old ones", () => {
    const many = Array.from({ length: 15 }, (_, index) => rotated(`s${index}`, 10, 1000));
    expect(keysAfter(...many)).toHaveLength(11);
    expect(keysAfter(...many)).toMatchObject([hmac("s14"), hmac("s13"), ...Array<unknown>(9).fill({})]);
  });

  test("to a key of the other kind changes what the subscription signs with", () => {
    const toPair: SubscriptionEvent = { ...who, kind: "secret_rotated", key: ed25519, oldExpiresAtMs: 1010, atMs: 10 };
    given(created).when({ kind: "rotate_secret", key: ed25519, overlapMs: 1000, atMs: 10 }).then(toPair);
    expect([created, toPair].reduce(evolve, ABSENT)).toMatchObject({
      settings: { signature: "ed25519" },
      keys: [ed25519, { ...hmac("first"), expiresAtMs: 1010 }],
    });
  });

  test.each([-1, 604_800_001])("with an overlap of %d ms is refused", (overlapMs) => {
    given(created)
      .when({ kind: "rotate_secret", key: hmac("second"), overlapMs, atMs: 3 })
      .thenRejected("invalid", "from 0 s to 604800 s");
  });
});

test("deleting ends it, whatever its state", () => {
  for (const before of [[created], [created, paused], [created, disabled]]) {
    given(...before)
      .when({ kind: "delete", atMs: 2 })
      .then(deleted);
    expect([...before, deleted].reduce(evolve, ABSENT)).toEqual({ kind: "deleted", ...who });
  }
});
