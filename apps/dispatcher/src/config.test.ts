import { describeSettingsPage } from "@postrider/kit-config";
import { expect, test } from "vitest";
import { parseDispatcherConfig, DISPATCHER_USAGE } from "./config.ts";

test("docs/settings/dispatcher.md tells every setting as the code has it", async () => {
  await expect(describeSettingsPage("dispatcher", DISPATCHER_USAGE)).toMatchFileSnapshot(
    "../../../docs/settings/dispatcher.md",
  );
});

test("without any variable it stays on loopback, and lets callback URLs reach the internet only", () => {
  expect(parseDispatcherConfig({})).toMatchObject({
    adminAddress: "127.0.0.1:9466",
    kafkaBrokers: ["127.0.0.1:9092"],
    subscriptionAddress: "127.0.0.1:50052",
    egressAllow: [],
    egressPorts: [443, 8443],
    egressHttp: "refuse",
  });
});
