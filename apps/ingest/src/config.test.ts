import { describeSettingsPage } from "@postrider/kit-config";
import { expect, test } from "vitest";
import { parseIngestConfig, INGEST_USAGE } from "./config.ts";

test("docs/settings/ingest.md tells every setting as the code has it", async () => {
  await expect(describeSettingsPage("ingest", INGEST_USAGE)).toMatchFileSnapshot("../../../docs/settings/ingest.md");
});

test("without any variable it stays on loopback", () => {
  expect(parseIngestConfig({})).toMatchObject({
    grpcAddress: "127.0.0.1:50051",
    adminAddress: "127.0.0.1:9464",
    kafkaBrokers: ["127.0.0.1:9092"],
    subscriptionAddress: "127.0.0.1:50052",
  });
});
