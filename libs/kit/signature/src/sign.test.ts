import { createHmac, createPublicKey, randomBytes, verify } from "node:crypto";

import { describe, expect, test } from "vitest";
import { Webhook } from "standardwebhooks";

import { createPrivateSigningKey, createSigningSecret, parseSigningSecret, type SigningKey } from "./signing-key.ts";
import { sign } from "./sign.ts";

/** Vectors of the Standard Webhooks and Svix documentation (v1a: of Svix's server's tests), recomputed with openssl. */
const vectors = [
  {
    secret: "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    timestampSeconds: 1_614_265_330,
    body: '{"test": 2432232314}',
    signature: "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==",
  },
  {
    secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    timestampSeconds: 1_614_265_330,
    body: '{"test": 2432232314}',
    signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  },
  {
    secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    id: "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
    timestampSeconds: 1_649_367_553,
    body: '{"email":"test@example.com","username":"test_user"}',
    signature: "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
  },
];

describe("sign", () => {
  test.each(vectors)("gives the published signature $signature", ({ secret, body, signature, ...message }) => {
    expect(sign({ ...message, body: Buffer.from(body), keys: [keyOf(secret)] })).toBe(signature);
  });

  test("is accepted by the public standardwebhooks library", () => {
    const secret = createSigningSecret(randomBytes);
    const body = JSON.stringify({ type: "order.paid", data: { text: "naïve 😀" } });
    const timestampSeconds = Math.floor(Date.now() / 1000);
    const headers = {
      "webhook-id": "evt_1",
      "webhook-timestamp": String(timestampSeconds),
      "webhook-signature": sign({ id: "evt_1", timestampSeconds, body: Buffer.from(body), keys: [keyOf(secret)] }),
    };

    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow("No matching signature found");
  });

  test("with two keys satisfies a receiver that knows either of them, and no other", () => {
    const [next, previous, stranger] = [1, 2, 3].map(() => createSigningSecret(randomBytes)) as [
      string,
      string,
      string,
    ];
    const timestampSeconds = Math.floor(Date.now() / 1000);
    const signature = sign({
      id: "evt_1",
      timestampSeconds,
      body: Buffer.from("{}"),
      keys: [keyOf(next), keyOf(previous)],
    });
    const headers = {
      "webhook-id": "evt_1",
      "webhook-timestamp": String(timestampSeconds),
      "webhook-signature": signature,
    };

    expect(signature).toMatch(/^v1,[A-Za-z0-9+/]{43}= v1,[A-Za-z0-9+/]{43}=$/u);
    expect(new Webhook(next).verify("{}", headers)).toEqual({});
    expect(new Webhook(previous).verify("{}", headers)).toEqual({});
    expect(() => new Webhook(stranger).verify("{}", headers)).toThrow("No matching signature found");
  });

  test("with keys of both schemes satisfies a receiver that knows either of them", () => {
    const secret = createSigningSecret(randomBytes);
    const pair = keyOf(createPrivateSigningKey(randomBytes));
    const body = Buffer.from('{"text":"naïve 😀"}');
    const timestampSeconds = Math.floor(Date.now() / 1000);
    const signature = sign({ id: "evt_1", timestampSeconds, body, keys: [pair, keyOf(secret)] });
    const headers = {
      "webhook-id": "evt_1",
      "webhook-timestamp": String(timestampSeconds),
      "webhook-signature": signature,
    };

    expect(signature).toMatch(/^v1a,[A-Za-z0-9+/]{86}== v1,[A-Za-z0-9+/]{43}=$/u);
    expect(new Webhook(secret).verify(body, headers)).toEqual({ text: "naïve 😀" });
    const [asymmetric = ""] = signature.split(" ");
    const signed = Buffer.concat([Buffer.from(`evt_1.${timestampSeconds}.`), body]);
    expect(isSignedBy(pair, asymmetric, signed)).toBe(true);
    expect(isSignedBy(pair, asymmetric, Buffer.concat([signed, Buffer.from(" ")]))).toBe(false);
    expect(isSignedBy(keyOf(createPrivateSigningKey(randomBytes)), asymmetric, signed)).toBe(false);
  });

  test("signs the exact bytes of a body that is not text", () => {
    const secret = createSigningSecret(randomBytes);
    const body = Uint8Array.from({ length: 256 }, (_, index) => index).subarray(3, 251);

    const independent = createHmac("sha256", Buffer.from(secret.slice("whsec_".length), "base64"))
      .update(Buffer.concat([Buffer.from("evt_1.1700000000."), body]))
      .digest("base64");

    expect(sign({ id: "evt_1", timestampSeconds: 1_700_000_000, body, keys: [keyOf(secret)] })).toBe(
      `v1,${independent}`,
    );
  });

  test("refuses what would make the signed bytes ambiguous or the header empty", () => {
    const keys = [keyOf(createSigningSecret(randomBytes))];
    const body = Buffer.from("{}");

    expect(() => sign({ id: "evt.1", timestampSeconds: 1, body, keys })).toThrow('id: "evt.1" contains a dot');
    expect(() => sign({ id: "evt_1", timestampSeconds: 1.5, body, keys })).toThrow("timestampSeconds: 1.5");
    expect(() => sign({ id: "evt_1", timestampSeconds: 1, body, keys: [] })).toThrow("at least one key");
  });
});

/** As a receiver does who knows the public key alone. */
function isSignedBy(key: SigningKey, token: string, signed: Uint8Array): boolean {
  const publicKey = key.scheme === "v1a" ? key.publicKey : "";
  const x = Buffer.from(publicKey.slice("whpk_".length), "base64").toString("base64url");
  const imported = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return verify(null, signed, imported, Buffer.from(token.slice("v1a,".length), "base64"));
}

function keyOf(secret: string): SigningKey {
  const parsed = parseSigningSecret(secret);
  if (parsed.kind === "invalid") throw new Error(parsed.reason);
  return parsed.key;
}
