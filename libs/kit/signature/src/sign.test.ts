import { createHmac, randomBytes } from "node:crypto";

import { describe, expect, test } from "vitest";
import { Webhook } from "standardwebhooks";

import { createSigningSecret, parseSigningSecret, type SigningKey } from "./signing-key.ts";
import { sign } from "./sign.ts";

/** Vectors of the Standard Webhooks and Svix documentation, recomputed with openssl. */
const vectors = [
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
  test.each(vectors)("gives the published signature for $id", ({ secret, body, signature, ...message }) => {
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

function keyOf(secret: string): SigningKey {
  const parsed = parseSigningSecret(secret);
  if (parsed.kind === "invalid") throw new Error(parsed.reason);
  return parsed.key;
}
