import type { EgressRequest, EgressResult } from "@postrider/kit-egress";
import { parseSigningSecret } from "@postrider/kit-signature";
import { FakeClock } from "@postrider/testing";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { type AskedUrl, createUrlVerifier, type VerificationMethod } from "./url-verifier.ts";

const parsed = parseSigningSecret(`whsec_${Buffer.alloc(32, 1).toString("base64")}`);
const keys = parsed.kind === "key" ? [parsed.key] : [];
const asked: AskedUrl = { tenantId: "acme", callbackUrl: "https://example.com/hook", headers: {}, keys };
const CHALLENGE: VerificationMethod = { kind: "challenge" };
const CLOUDEVENTS: VerificationMethod = { kind: "cloudevents", origin: "hooks.example.com" };

function createVerifier(
  method: VerificationMethod,
  send: (request: EgressRequest) => Promise<EgressResult>,
  registry = new Registry(),
) {
  const randomBytes = (count: number): Uint8Array => new Uint8Array(count);
  const egress = { send };
  return createUrlVerifier({ method, egress, clock: new FakeClock(), randomBytes, userAgent: "test", registry });
}

test.each([CHALLENGE, CLOUDEVENTS])("$kind: has a deadline of five seconds and reads little", async (method) => {
  const sent: EgressRequest[] = [];
  const verifier = createVerifier(method, async (request) => {
    sent.push(request);
    return Promise.resolve({ kind: "unreachable", reason: "timeout", message: "late", durationUs: 1 });
  });
  const reason = "the callback URL did not answer within 5 s";
  expect(await verifier.ask(asked)).toEqual({ kind: "not_agreed", reason });
  expect(sent).toHaveLength(1);
  expect(sent[0]?.timeoutMs).toBe(5000);
  expect(sent[0]?.keepBodyBytes).toBeLessThanOrEqual(4096);
});

test.each([CHALLENGE, CLOUDEVENTS])("$kind: what may not be called is told without its address", async (method) => {
  const message = "10.0.0.7 is not a public address";
  const verifier = createVerifier(method, async () =>
    Promise.resolve({ kind: "refused", reason: "private_address", message }),
  );
  const reason = "the callback URL may not be called from here";
  expect(await verifier.ask(asked)).toEqual({ kind: "not_agreed", reason });
});

test("sixty-four questions are out at one time at most", async () => {
  const late = Promise.withResolvers<EgressResult>();
  const registry = new Registry();
  const verifier = createVerifier(CHALLENGE, async () => late.promise, registry);
  const ask = async (index: number) =>
    verifier.ask({ ...asked, tenantId: `t${index}`, callbackUrl: `https://${index}.example.com/` });
  const out = Array.from({ length: 64 }, async (_, index) => ask(index));
  expect(await ask(64)).toEqual({ kind: "exhausted", whose: "all tenants", retryAfterMs: 1000 });
  late.resolve({ kind: "responded", status: 404, body: new Uint8Array(), isTruncated: false, durationUs: 1 });
  await Promise.all(out);
  expect(await ask(65)).toMatchObject({ kind: "not_agreed" });
  const told = await registry.metrics();
  expect(told).toContain('postrider_url_verifications_total{outcome="not_agreed"} 65\n');
  expect(told).toContain('postrider_url_verifications_total{outcome="exhausted"} 1\n');
});
