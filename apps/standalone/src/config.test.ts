import { describeSettingsPage } from "@postrider/kit-config";
import { expect, test } from "vitest";
import { parseStandaloneConfig, STANDALONE_USAGE } from "./config.ts";

test("docs/settings/standalone.md tells every setting as the code has it", async () => {
  await expect(describeSettingsPage("standalone", STANDALONE_USAGE)).toMatchFileSnapshot(
    "../../../docs/settings/standalone.md",
  );
});

test("without any variable it stays on loopback", () => {
  expect(parseStandaloneConfig({})).toMatchObject({
    grpcAddress: "127.0.0.1:50051",
    adminAddress: "127.0.0.1:9464",
    dataDir: "./data",
    egressAllow: ["127.0.0.0/8"],
    egressPorts: "any",
    egressHttp: "allow",
  });
});
