import { describeSettingsPage } from "@postrider/kit-config";
import { expect, test } from "vitest";
import { parseSubscriptionConfig, SUBSCRIPTION_USAGE } from "./config.ts";

test("docs/settings/subscription.md tells every setting as the code has it", async () => {
  await expect(describeSettingsPage("subscription", SUBSCRIPTION_USAGE)).toMatchFileSnapshot(
    "../../../docs/settings/subscription.md",
  );
});

const MASTER_KEYS = { POSTRIDER_MASTER_KEYS_FILE: "master-keys" };

test("with nothing but master keys it stays on loopback, and lets callback URLs reach the internet only", () => {
  expect(parseSubscriptionConfig(MASTER_KEYS)).toMatchObject({
    grpcAddress: "127.0.0.1:50052",
    adminAddress: "127.0.0.1:9465",
    egressAllow: [],
    egressPorts: [443, 8443],
    egressHttp: "refuse",
  });
});

test("an endpoint can't be given up before its tenant was warned", () => {
  const environment = { ...MASTER_KEYS, POSTRIDER_FAILING_AFTER: "2d", POSTRIDER_DISABLED_AFTER: "48h" };
  expect(() => parseSubscriptionConfig(environment)).toThrow("POSTRIDER_DISABLED_AFTER should be longer than");
});

test("the handshake needs a name to go by", () => {
  const cloudevents = { ...MASTER_KEYS, POSTRIDER_URL_VERIFICATION: "cloudevents" };
  expect(() => parseSubscriptionConfig(cloudevents)).toThrow("POSTRIDER_WEBHOOK_ORIGIN should be set");
  const named = { ...cloudevents, POSTRIDER_WEBHOOK_ORIGIN: "hooks.platform.example" };
  expect(parseSubscriptionConfig(named)).toMatchObject({ webhookOrigin: "hooks.platform.example" });
  for (const wrong of ["https://platform.example", "a b", "-a.example", `${"a".repeat(64)}.example`]) {
    expect(() => parseSubscriptionConfig({ ...named, POSTRIDER_WEBHOOK_ORIGIN: wrong })).toThrow("a DNS name");
  }
});

test("without master keys it does not start, and says how to make one", () => {
  expect(() => parseSubscriptionConfig({})).toThrow(/POSTRIDER_MASTER_KEYS.* should be set.*secrets new-key/);
});
