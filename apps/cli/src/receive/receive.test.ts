import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { VerificationFailure } from "../failures.ts";
import { planAnswer } from "./answer-plan.ts";
import { formatWebhook, type ReceivedWebhook, toWebhookJson } from "./received-webhook.ts";
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
