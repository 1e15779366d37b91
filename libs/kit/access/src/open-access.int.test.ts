import { randomBytes } from "node:crypto";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Metadata } from "@grpc/grpc-js";
import { parseSettings, SettingsError } from "@postrider/kit-config";
import { runServices, systemClock } from "@postrider/kit-lifecycle";
import { createWatchers } from "@postrider/testing";
import { Registry } from "prom-client";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type Access,
  accessSettings,
  assertAccess,
  assertCalling,
  CALLING_SETTINGS,
  createAccessToken,
  openAccess,
  openCalling,
  type TokenCache,
} from "./index.ts";

const WORDS = { scopes: ["read"], owner: { name: "tenant", isValid: () => true } };
const LOOPBACK = "127.0.0.1:50051";
const EVERYWHERE = "0.0.0.0:50051";

type Environment = Readonly<Record<string, string>>;

function problemsOf(environment: Environment, grpcAddress = LOOPBACK): string {
  try {
    assertAccess(parseSettings(accessSettings("tenant"), environment), grpcAddress);
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError);
    return String(error);
  }
  return "";
}

async function createFile(name: string, content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "access-"));
  onTestFinished(async () => rm(folder, { recursive: true }));
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

describe("a door that would stand open keeps the process from starting", () => {
  const TOKENS = { POSTRIDER_TOKENS_FILE: "/tokens.json" };
  const TLS = { POSTRIDER_TLS_CERT_FILE: "/cert.pem", POSTRIDER_TLS_KEY_FILE: "/key.pem" };

  test.each(["127.0.0.1:1", "127.1.2.3:0", "localhost:50051", "[::1]:50051"])("not on %s", (address) => {
    expect(problemsOf({}, address)).toBe("");
  });

  test.each(["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "127.0.0.1.example:1", "127.example:1", "postrider:1"])(
    "but on %s",
    (address) => {
      expect(problemsOf({}, address)).toMatch(
        /are not authenticated: set POSTRIDER_TOKENS_FILE.*nothing is encrypted/s,
      );
      expect(problemsOf({}, address)).toContain(`POSTRIDER_GRPC_ADDRESS=${address}`);
    },
  );

  test("each half is asked for on its own, and may be waived by name", () => {
    expect(problemsOf(TLS, EVERYWHERE)).toMatch(/^(?!.*nothing is encrypted).*not authenticated/s);
    expect(problemsOf(TOKENS, EVERYWHERE)).toMatch(/^(?!.*not authenticated).*nothing is encrypted/s);
    expect(problemsOf({ ...TOKENS, ...TLS }, EVERYWHERE)).toBe("");
    expect(problemsOf({ ...TOKENS, POSTRIDER_ALLOW_INSECURE: "plaintext" }, EVERYWHERE)).toBe("");
    expect(problemsOf({ ...TLS, POSTRIDER_ALLOW_INSECURE: "unauthenticated" }, EVERYWHERE)).toBe("");
    expect(problemsOf({ POSTRIDER_ALLOW_INSECURE: "plaintext,unauthenticated" }, EVERYWHERE)).toBe("");
  });

  test("a token of our own does not go out in plaintext", () => {
    const calling = (environment: Environment): void => {
      assertCalling(parseSettings(CALLING_SETTINGS, environment), [LOOPBACK, "subscription:50052"]);
    };
    const token = { POSTRIDER_SERVICE_TOKEN_FILE: "/token" };
    expect(() => {
      calling(token);
    }).toThrow("would go to subscription:50052 in plaintext");
    calling({});
    calling({ ...token, POSTRIDER_SERVICE_CA_FILE: "/ca.pem" });
    calling({ ...token, POSTRIDER_ALLOW_INSECURE: "plaintext" });
  });
});

test.each<[string, Environment]>([
  ["POSTRIDER_TLS_KEY_FILE have to be set together", { POSTRIDER_TLS_CERT_FILE: "/cert.pem" }],
  ["have to be set together", { POSTRIDER_JWT_ISSUER: "https://login.example" }],
  ["POSTRIDER_TLS_CA_FILE needs", { POSTRIDER_TLS_CA_FILE: "/ca.pem" }],
  [
    "should be an https URL",
    {
      ...{ POSTRIDER_JWT_ISSUER: "i", POSTRIDER_JWT_AUDIENCE: "a" },
      POSTRIDER_JWT_JWKS: "http://login.example/jwks",
    },
  ],
])("settings that contradict each other are told: %s", (problem, environment) => {
  expect(problemsOf(environment)).toContain(problem);
});

interface Opened {
  readonly access: Access;
  readonly registry: Registry;
  readonly logged: string[];
  readonly untilLogged: (count: number) => Promise<void>;
}

/** Runs the doors on a file of callers. */
async function open(path: string): Promise<Opened> {
  const registry = new Registry();
  const logged: string[] = [];
  const watchers = createWatchers();
  const log = (_: object, message: string): void => {
    logged.push(message);
    watchers.changed();
  };
  const state = { isWatching: true, revision: 0n, entries: 0, asking: 0 };
  const stored: TokenCache = { name: "none", run: async () => undefined, find: () => undefined, state: () => state };
  const access = await openAccess({
    config: parseSettings(accessSettings("tenant"), { POSTRIDER_TOKENS_FILE: path }),
    ...{ grpcAddress: LOOPBACK, words: WORDS, stored, clock: systemClock, registry },
    logger: { info: log, warn: log, error: log },
  });
  const stopping = new AbortController();
  const files = access.services.filter((service) => service !== stored);
  const run = runServices(files, { signal: stopping.signal, clock: systemClock, graceMs: 5000 });
  onTestFinished(async () => {
    stopping.abort();
    await run;
  });
  const untilLogged = async (count: number): Promise<void> =>
    watchers.waitUntil(
      () => logged.length >= count,
      () => logged.join(),
    );
  return { access, registry, logged, untilLogged };
}

async function isKnown({ access }: Opened, token: string): Promise<boolean> {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  try {
    await access.doorkeeper.identify({ method: "/x/Y", metadata, peerCertificate: () => undefined });
    return true;
  } catch {
    return false;
  }
}

test("the file of callers is read again: who is new is known, who is gone is not, and a broken one changes nothing", async () => {
  const [first, second] = [createAccessToken(randomBytes), createAccessToken(randomBytes)];
  const listing = (token: string): string => JSON.stringify({ callers: [{ name: "ops", token, scopes: ["read"] }] });
  const path = await createFile("tokens.json", listing(first));
  const replace = async (content: string): Promise<void> => {
    await writeFile(`${path}.new`, content);
    await rename(`${path}.new`, path);
  };
  const opened = await open(path);
  const readStale = async (): Promise<string | undefined> =>
    /postrider_access_stale\{what="tokens"\} (\d)/.exec(await opened.registry.metrics())?.[1];
  expect([await isKnown(opened, first), await isKnown(opened, second), await readStale()]).toEqual([true, false, "0"]);
  await replace(listing(`${second}x`));
  await opened.untilLogged(1);
  expect([await isKnown(opened, first), await isKnown(opened, second), await readStale()]).toEqual([true, false, "1"]);
  await replace(listing(second));
  await opened.untilLogged(2);
  expect([await isKnown(opened, first), await isKnown(opened, second), await readStale()]).toEqual([false, true, "0"]);
  expect(opened.logged).toEqual([
    "the new tokens can't be used; those before them stay in force",
    "the tokens were read again, and are in force",
  ]);
  expect(await opened.registry.metrics()).toMatch(/postrider_calls_refused_total\{reason="unknown_token"\} 3/);
});

test("what can't be used at start ends it in words that hold no token", async () => {
  const token = createAccessToken(randomBytes);
  const path = await createFile("tokens.json", `{"callers":[{"name":"ops","token":"${token}`);
  await expect(open(path)).rejects.toThrow(/^(?!.*pr_)POSTRIDER_TOKENS_FILE: the file is not JSON/s);
  await expect(open("/nowhere/tokens.json")).rejects.toThrow("can't read /nowhere/tokens.json");
  const config = parseSettings(CALLING_SETTINGS, { POSTRIDER_SERVICE_TOKEN_FILE: await createFile("t", `${token} x`) });
  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const calling = openCalling({ config, addresses: [], clock: systemClock, registry: new Registry(), logger });
  await expect(calling).rejects.toThrow(/^(?!.*pr_)POSTRIDER_SERVICE_TOKEN_FILE: the file should hold a token/);
});
