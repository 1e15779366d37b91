import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { RpcError } from "@postrider/kit-rpc";
import { createWatchers, FakeClock, listenOnLoopback, trackSockets, type Watchers } from "@postrider/testing";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { describe, expect, onTestFinished, test } from "vitest";
import { createRemoteKeys, type IssuerKeys } from "./jwks.ts";
import { createJwtVerifier, type JwtRules, type JwtVerifier } from "./jwt.ts";
import { Refusal } from "./refusal.ts";

const ISSUER = "https://login.example";
const WORDS = { scopes: ["publish", "read"], owner: { name: "tenant", isValid: (text: string) => /^\w+$/.test(text) } };
const RULES: JwtRules = { issuer: ISSUER, audience: "postrider", scopePrefix: "", ownerClaim: "" };
const SECOND = 1000;

type Key = Awaited<ReturnType<typeof generateKeyPair>>;

/** An issuer with a server for its keys. */
interface Issuer {
  readonly url: string;
  /** How often its keys were asked for. */
  readonly asked: () => number;
  /** Told of each question. */
  readonly watchers: Watchers;
  readonly addKey: (kid: string, alg?: string) => Promise<Key>;
  /** Answers in another way from now on. */
  answer: (request: IncomingMessage, response: ServerResponse) => void;
}

async function startIssuer(): Promise<Issuer> {
  let asked = 0;
  const watchers = createWatchers();
  const keys: object[] = [];
  const server = createServer((request, response) => {
    asked += 1;
    watchers.changed();
    issuer.answer(request, response);
  });
  const sockets = trackSockets(server);
  const port = await listenOnLoopback(server);
  onTestFinished(async () => sockets.close());
  const issuer: Issuer = {
    url: `http://127.0.0.1:${port}/jwks`,
    asked: () => asked,
    watchers,
    addKey: async (kid, alg = "ES256") => {
      const key = await generateKeyPair(alg, { extractable: true });
      keys.push({ ...(await exportJWK(key.publicKey)), kid, alg });
      return key;
    },
    answer: (_, response) => {
      response.setHeader("content-type", "application/jwk-set+json").end(JSON.stringify({ keys }));
    },
  };
  return issuer;
}

interface Setup {
  readonly clock: FakeClock;
  readonly issuer: Issuer;
  readonly key: Key;
  readonly keys: IssuerKeys;
  readonly outcomes: string[];
  readonly verifier: JwtVerifier;
}

async function setUp(rules: Partial<JwtRules> = {}): Promise<Setup> {
  const clock = new FakeClock();
  const issuer = await startIssuer();
  const key = await issuer.addKey("k1");
  const outcomes: string[] = [];
  const keys = createRemoteKeys({
    ...{ url: issuer.url, clock },
    onOutcome: ({ kind }) => {
      outcomes.push(kind);
      issuer.watchers.changed();
    },
  });
  const verifier = createJwtVerifier({ keys, rules: { ...RULES, ...rules }, words: WORDS, clock });
  return { clock, issuer, key, keys, outcomes, verifier };
}

type Claims = Readonly<Record<string, unknown>>;

interface Signing {
  readonly key: Key["privateKey"] | Uint8Array;
  readonly kid?: string;
  readonly alg?: string;
}

/** A JWT of the issuer for an hour, with what the test changes. */
async function sign(
  clock: FakeClock,
  { key, kid = "k1", alg = "ES256" }: Signing,
  claims: Claims = {},
): Promise<string> {
  const nowS = Math.floor(clock.nowMs() / SECOND);
  const payload = { iss: ISSUER, aud: "postrider", sub: "orders", exp: nowS + 3600, scope: "publish read", ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg, kid }).sign(key);
}

async function reasonOf({ verifier }: Setup, token: string): Promise<string> {
  try {
    await verifier.verify(token);
  } catch (error) {
    if (error instanceof Refusal) return error.reason;
    return error instanceof RpcError ? error.code : String(error);
  }
  return "none";
}

test("a caller is known by what the issuer signed, with the scopes that we know", async () => {
  const { clock, key, verifier } = await setUp();
  const token = await sign(clock, { key: key.privateKey }, { scope: "publish openid read:all" });
  expect(await verifier.verify(token)).toEqual({
    caller: { name: "jwt orders", scopes: new Set(["publish"]), boundTo: undefined },
    expiresAtMs: clock.nowMs() + 3_600_000 + 30_000,
  });
});

describe("a JWT is refused", () => {
  test.each<[string, Claims, string]>([
    ["of another issuer", { iss: "https://evil.example" }, "invalid_jwt"],
    ["for another audience", { aud: "billing" }, "invalid_jwt"],
    ["for no audience", { aud: undefined }, "invalid_jwt"],
    ["without an end", { exp: undefined }, "invalid_jwt"],
    ["that is not valid yet", { nbf: 1_767_225_600 + 60 }, "invalid_jwt"],
    ["that ended", { exp: 1_767_225_600 - 31 }, "expired"],
  ])("%s", async (_, claims, reason) => {
    const setup = await setUp();
    expect(await reasonOf(setup, await sign(setup.clock, { key: setup.key.privateKey }, claims))).toBe(reason);
  });

  test("signed with another key, with none, or with the public key as a shared secret", async () => {
    const setup = await setUp();
    const other = await generateKeyPair("ES256");
    expect(await reasonOf(setup, await sign(setup.clock, { key: other.privateKey }))).toBe("invalid_jwt");
    const [, payload = ""] = (await sign(setup.clock, { key: setup.key.privateKey })).split(".");
    const unsigned = Buffer.from(JSON.stringify({ alg: "none", kid: "k1" })).toString("base64url");
    expect(await reasonOf(setup, `${unsigned}.${payload}.`)).toBe("invalid_jwt");
    const shared = Buffer.from(JSON.stringify(await exportJWK(setup.key.publicKey)));
    expect(await reasonOf(setup, await sign(setup.clock, { key: shared, alg: "HS256" }))).toBe("invalid_jwt");
  });

  test.each(["a.b.c", "x", "..", "eyJhbGciOiJFUzI1NiJ9.e30."])("that is none: %s", async (text) => {
    expect(await reasonOf(await setUp(), text)).toBe("invalid_jwt");
  });
});

describe("claims", () => {
  test("clocks may differ by half a minute", async () => {
    const setup = await setUp();
    const late = { exp: Math.floor(setup.clock.nowMs() / SECOND) - 29 };
    expect(await reasonOf(setup, await sign(setup.clock, { key: setup.key.privateKey }, late))).toBe("none");
  });

  test.each([
    {
      how: "with a prefix",
      scopePrefix: "postrider:",
      scp: "postrider:publish read postrider:admin",
      scopes: ["publish"],
    },
    { how: "in a list", scopePrefix: "", scp: ["publish", 3, "read"], scopes: ["publish", "read"] },
    { how: "in no form that we know", scopePrefix: "", scp: { publish: true }, scopes: [] },
  ])("scopes $how", async ({ scopePrefix, scp, scopes }) => {
    const { clock, key, verifier } = await setUp({ scopePrefix });
    const token = await sign(clock, { key: key.privateKey }, { scope: undefined, scp });
    expect((await verifier.verify(token)).caller.scopes).toEqual(new Set(scopes));
  });

  test("with a claim for the owner set, it binds, * does not, and whoever lacks it is refused", async () => {
    const setup = await setUp({ ownerClaim: "tenant" });
    const { clock, key, verifier } = setup;
    const signWith = async (claims: Claims): Promise<string> => sign(clock, { key: key.privateKey }, claims);
    expect((await verifier.verify(await signWith({ tenant: "acme" }))).caller.boundTo).toBe("acme");
    expect((await verifier.verify(await signWith({ tenant: "*" }))).caller.boundTo).toBeUndefined();
    for (const tenant of [undefined, "", "a b", 3, ["acme"], null]) {
      expect(await reasonOf(setup, await signWith({ tenant }))).toBe("invalid_jwt");
    }
  });
});

describe("the issuer's keys", () => {
  test("are asked for when one is not known, at most every ten seconds, whatever keys callers name", async () => {
    const setup = await setUp();
    const { clock, issuer, key } = setup;
    expect(await reasonOf(setup, await sign(clock, { key: key.privateKey }))).toBe("none");
    const next = await issuer.addKey("k2", "RS256");
    const signing = { key: next.privateKey, kid: "k2", alg: "RS256" };
    expect(await reasonOf(setup, await sign(clock, signing))).toBe("invalid_jwt");
    expect(issuer.asked()).toBe(1);
    clock.advance(10 * SECOND);
    expect(await reasonOf(setup, await sign(clock, signing))).toBe("none");
    for (let kid = 3; kid < 50; kid += 1) {
      expect(await reasonOf(setup, await sign(clock, { ...signing, kid: `k${kid}` }))).toBe("invalid_jwt");
    }
    expect(issuer.asked()).toBe(2);
  });

  test("stay while the issuer is away, which is told once, and so is its return", async () => {
    const setup = await setUp();
    const { clock, issuer, key, keys, outcomes } = setup;
    const stopping = new AbortController();
    const run = keys.run(stopping.signal);
    expect(await reasonOf(setup, await sign(clock, { key: key.privateKey }))).toBe("none");
    const { answer } = issuer;
    const untilTold = async (...kinds: readonly string[]): Promise<void> =>
      issuer.watchers.waitUntil(
        () => outcomes.join() === kinds.join(),
        () => `${issuer.asked()} times, ${outcomes.join()}`,
      );
    issuer.answer = (_, response) => response.destroy();
    await clock.advanceAsync(600 * SECOND);
    await untilTold("unusable");
    expect(await reasonOf(setup, await sign(clock, { key: key.privateKey }, { jti: "new" }))).toBe("none");
    issuer.answer = answer;
    await clock.advanceAsync(10 * SECOND);
    await untilTold("unusable", "reloaded");
    expect(issuer.asked()).toBe(3);
    stopping.abort();
    await run;
  });

  test("that were never there make callers come again, not go away", async () => {
    const setup = await setUp();
    setup.issuer.answer = (_, response) => response.writeHead(500).end();
    const token = await sign(setup.clock, { key: setup.key.privateKey });
    expect(await reasonOf(setup, token)).toBe("unavailable");
    expect(await reasonOf(setup, token)).toBe("unavailable");
    expect(setup.issuer.asked()).toBe(1);
  });

  test.each<[string, Issuer["answer"]]>([
    [
      "without end",
      (_, response) => {
        endless(response);
      },
    ],
    ["elsewhere", (_, response) => response.writeHead(302, { location: "/jwks" }).end()],
    ["in no JSON", (_, response) => response.end("<html>")],
    ["without keys", (_, response) => response.end("{}")],
  ])("that are answered %s are none", async (_, answer) => {
    const setup = await setUp();
    setup.issuer.answer = answer;
    expect(await reasonOf(setup, await sign(setup.clock, { key: setup.key.privateKey }))).toBe("unavailable");
    expect(setup.outcomes).toEqual(["unusable"]);
  });
});

describe("what was verified", () => {
  test("is remembered for five minutes, so that a key that was withdrawn is not good for longer", async () => {
    const { clock, key } = await setUp();
    let verified = 0;
    const keys = {
      find: () => {
        verified += 1;
        return key.publicKey;
      },
    };
    const verifier = createJwtVerifier({ keys, rules: RULES, words: WORDS, clock });
    const token = await sign(clock, { key: key.privateKey });
    await verifier.verify(token);
    for (let times = 0; times < 100; times += 1) expect(verifier.verify(token)).not.toBeInstanceOf(Promise);
    expect(verified).toBe(1);
    clock.advance(300 * SECOND);
    await verifier.verify(token);
    expect(verified).toBe(2);
  });
});

/** Writes until nobody reads. */
function endless(response: ServerResponse): void {
  const write = (): void => {
    if (response.destroyed) return;
    response.write(" ".repeat(65_536), () => setImmediate(write));
  };
  write();
}
