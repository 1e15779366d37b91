import { describeSettingsPage } from "@postrider/kit-config";
import { expect, test } from "vitest";
import { LEDGER_USAGE, parseLedgerConfig } from "./config.ts";

test("docs/settings/ledger.md tells every setting as the code has it", async () => {
  await expect(describeSettingsPage("ledger", LEDGER_USAGE)).toMatchFileSnapshot("../../../docs/settings/ledger.md");
});

test("without any variable it stays on loopback, and keeps all data for 30 days", () => {
  expect(parseLedgerConfig({})).toMatchObject({
    grpcAddress: "127.0.0.1:50053",
    adminAddress: "127.0.0.1:9467",
    kafkaBrokers: ["127.0.0.1:9092"],
    ledgerRetentionMs: 30 * 86_400_000,
    ledgerDataBytes: 262_144,
  });
});

test("it keeps a day at least", () => {
  expect(() => parseLedgerConfig({ POSTRIDER_LEDGER_RETENTION: "23h" })).toThrow("POSTRIDER_LEDGER_RETENTION");
});
