import { createPrivateKey, sign } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { VerificationFailure } from "../failures.ts";
import { planAnswer } from "./answer-plan.ts";
import { formatWebhook, type ReceivedWebhook, toWebhookJson } from "./received-webhook.ts";
import { createAsymmetricVerify } from "./verify-asymmetric.ts";
import { createVerify } from "./verify-webhook.ts";
import { createWebhookCount } from "./webhook-count.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const received: ReceivedWebhook = {
  number: 2,
  request: {
    method: "POST",
    path: "/webhooks",
    headers: { "webhook-id": "msg_1" },
    body: Buffer.from('{"type":"order_paid","data":{"order_id":"o_1"}}'),
    receivedAt: new Date("2030-01-31T12:00:00Z"),
  },
  verification: { kind: "verified" },
  answer: { kind: "answer", status: 200, delayMs: 0 },
};
const forged: ReceivedWebhook = {
  ...received,
  verification: { kind: "failed", reason: "No matching signature found" },
};

test("the first n answers fail, and the others have the status that was asked for", () => {
  const options = { failFirst: 2, status: 202, hang: false, slowMs: 5 };
  const statuses = [1, 2, 3].map((number) => planAnswer(options, number));
  expect(statuses).toEqual([500, 500, 202].map((status) => ({ kind: "answer", status, delayMs: 5 })));
  expect(planAnswer({ ...options, hang: true }, 1)).toEqual({ kind: "hang" });
});

describe("verification", () => {
  const now = new Date();
  const headers = {
    "webhook-id": "msg_1",
    "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
    "webhook-signature": new Webhook(SECRET).sign("msg_1", now, "{}"),
  };

  test("accepts what was signed with the secret, and nothing else", () => {
    const verify = createVerify(SECRET);
    expect(verify(Buffer.from("{}"), headers)).toEqual({ kind: "verified" });
    expect(verify(Buffer.from("[]"), headers)).toMatchObject({ kind: "failed", reason: "No matching signature found" });
    expect(verify(Buffer.from("{}"), {})).toMatchObject({ kind: "failed", reason: "Missing required headers" });
  });

  test("is not done without a secret", () => {
    expect(createVerify(undefined)(Buffer.from(""), {})).toEqual({ kind: "unchecked" });
  });

  test.each(["whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%", "whsec_"])("refuses the secret %s", (secret) => {
    expect(() => createVerify(secret)).toThrow(/^the secret/);
  });
});

describe("verification with a public key", () => {
  const nowMs = 1_800_000_000_000;
  // Svix's server's tests have the pair; its seed is all that signing needs.
  const publicKey = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
  const seed = Buffer.from("6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=", "base64");
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const privateKey = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  const verify = createAsymmetricVerify(publicKey, () => nowMs);

  function signed(body: string, timestamp = String(nowMs / 1000)): Record<string, string> {
    const token = sign(null, Buffer.from(`msg_1.${timestamp}.${body}`), privateKey).toString("base64");
    return { "webhook-id": "msg_1", "webhook-timestamp": timestamp, "webhook-signature": `v1a,${token}` };
  }

  test("accepts what the private key signed, among signatures of other kinds too", () => {
    const headers = signed("{}");
    expect(verify(Buffer.from("{}"), headers)).toEqual({ kind: "verified" });
    const among = `v1,abc= ${String(headers["webhook-signature"])} v1a,AAAA garbage`;
    expect(verify(Buffer.from("{}"), { ...headers, "webhook-signature": among })).toEqual({ kind: "verified" });
  });

  const none = "No matching signature found";
  test.each<[string, Record<string, string>, string]>([
    ["another id", { "webhook-id": "msg_2" }, none],
    ["a signature under the name of another version", { "webhook-signature": "v1,abc" }, none],
    ["a signature that is none", { "webhook-signature": "v1a,%%% v1a" }, none],
    ["a signature of another body", signed("[]"), none],
    ["no id", { "webhook-id": "" }, "Missing required headers"],
    ["a timestamp that is none", { "webhook-timestamp": "1.5" }, "The timestamp is not a number"],
    ["an old one", signed("{}", "1799999699"), "The timestamp is 301 s old"],
    ["one from the future", signed("{}", "1800000301"), "The timestamp is -301 s old"],
  ])("refuses %s", (_name, changes, reason) => {
    const verification = verify(Buffer.from("{}"), { ...signed("{}"), ...changes });
    expect(verification).toEqual({ kind: "failed", reason: expect.stringContaining(reason) as string });
  });

  test("is what --secret means where it begins with whpk_", () => {
    const now = String(Math.floor(Date.now() / 1000));
    expect(createVerify(publicKey)(Buffer.from("{}"), signed("{}", now))).toEqual({ kind: "verified" });
  });

  test.each(["whpk_", "whpk_%", publicKey.slice(0, -1), `${publicKey}=`, "whpk_AAAA"])("refuses the key %s", (key) => {
    expect(() => createVerify(key)).toThrow(/^the public key is not whpk_/);
  });
});

describe("a webhook", () => {
  test("is one JSON line for programs", () => {
    expect(toWebhookJson(received)).toEqual({
      number: 2,
      id: "msg_1",
      type: "order_paid",
      verification: "verified",
      status: 200,
      receivedAt: "2030-01-31T12:00:00.000Z",
      method: "POST",
      path: "/webhooks",
      headers: { "webhook-id": "msg_1" },
      body: { type: "order_paid", data: { order_id: "o_1" } },
    });
  });

  test("tells people loudly when it was not verified", () => {
    expect(formatWebhook(received)).toMatch(/^#2 order_paid msg_1 {2}verified, answered 200\n {2}POST \/webhooks\n/);
    expect(formatWebhook(forged)).toContain("NOT VERIFIED (No matching signature found)");
  });
});

describe("the count", () => {
  const never = new AbortController().signal;

  test("is complete after n", async () => {
    const count = createWebhookCount(2);
    count.add(received);
    count.add(received);
    await count.wait(never);
  });

  test("fails when one was not verified", async () => {
    const count = createWebhookCount(2);
    count.add(forged);
    count.add(received);
    await expect(count.wait(never)).rejects.toThrow(VerificationFailure);
  });

  test("fails when it is interrupted early, unless nothing was expected", async () => {
    const count = createWebhookCount(2);
    count.add(received);
    await expect(count.wait(AbortSignal.abort())).rejects.toThrow("stopped after 1 of 2 webhooks");
    await createWebhookCount(undefined).wait(AbortSignal.abort());
  });
});
