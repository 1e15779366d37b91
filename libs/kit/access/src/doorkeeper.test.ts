import { randomBytes } from "node:crypto";
import { Metadata } from "@grpc/grpc-js";
import type { IncomingCall } from "@postrider/kit-rpc";
import { FakeClock } from "@postrider/testing";
import { expect, test } from "vitest";
import { createAccessToken, hashToken } from "./access-token.ts";
import type { Credential } from "./credential.ts";
import { createDoorkeeper } from "./doorkeeper.ts";
import type { RefusalReason } from "./refusal.ts";

const clock = new FakeClock();

function credential(name: string, expiresAtMs = Infinity): Credential {
  return { caller: { name, scopes: new Set(), boundTo: undefined }, expiresAtMs };
}

const [LISTED, STORED, EXPIRED, UNKNOWN] = Array.from({ length: 4 }, () => createAccessToken(randomBytes)) as [
  string,
  string,
  string,
  string,
];
const LISTED_CALLERS = {
  byToken: new Map([
    [hashToken(LISTED), credential("listed")],
    [hashToken(EXPIRED), credential("expired", clock.nowMs())],
  ]),
  byCertificate: new Map([["CN:orders", credential("by certificate")]]),
};
const STORED_TOKENS = new Map([[hashToken(STORED), credential("stored")]]);

type Peer = ReturnType<IncomingCall["peerCertificate"]>;

/** Who is let in, or why not. */
async function identify(headers: readonly string[], certificate?: { readonly CN: string }): Promise<string> {
  const refused: RefusalReason[] = [];
  const doorkeeper = createDoorkeeper({
    listed: () => LISTED_CALLERS,
    stored: { find: async (sha256) => Promise.resolve(STORED_TOKENS.get(sha256)) },
    jwt: { verify: (token) => credential(`jwt ${token}`) },
    clock,
    onRefused: (reason) => refused.push(reason),
  });
  const metadata = new Metadata();
  for (const header of headers) metadata.add("authorization", header);
  const peer = certificate && ({ subject: certificate, subjectaltname: undefined } as unknown as Peer);
  try {
    const { name } = await doorkeeper.identify({ method: "/x/Y", metadata, peerCertificate: () => peer });
    expect(refused).toEqual([]);
    return name;
  } catch (error) {
    expect(error).toMatchObject({ code: "unauthenticated" });
    expect(String(error)).toContain("no valid credentials");
    expect(String(error)).not.toContain("pr_");
    return refused.join();
  }
}

test("a caller is known by a token of the file, by one that is kept, by a JWT, or by its certificate", async () => {
  expect(await identify([`Bearer ${LISTED}`])).toBe("listed");
  expect(await identify([`bearer  ${STORED}`])).toBe("stored");
  expect(await identify(["Bearer a.b.c"])).toBe("jwt a.b.c");
  expect(await identify([], { CN: "orders" })).toBe("by certificate");
});

test("a token goes before a certificate, also when it is no good", async () => {
  expect(await identify([`Bearer ${LISTED}`], { CN: "orders" })).toBe("listed");
  expect(await identify([`Bearer ${UNKNOWN}`], { CN: "orders" })).toBe("unknown_token");
});

test.each<[RefusalReason, readonly string[]]>([
  ["no_credentials", []],
  ["malformed", ["Basic b3BzOm9wcw=="]],
  ["malformed", ["Bearer "]],
  ["malformed", [LISTED]],
  ["malformed", [`Bearer ${LISTED} ${LISTED}`]],
  ["malformed", [`Bearer ${LISTED}`, `Bearer ${LISTED}`]],
  ["malformed", [`Bearer ${UNKNOWN.slice(0, -1)}`]],
  ["unknown_token", [`Bearer ${UNKNOWN}`]],
  ["expired", [`Bearer ${EXPIRED}`]],
])("is %s with %j, and the caller is not told which", async (reason, headers) => {
  expect(await identify(headers)).toBe(reason);
});

test("a certificate that nobody is known by is refused", async () => {
  expect(await identify([], { CN: "somebody" })).toBe("unknown_certificate");
});
