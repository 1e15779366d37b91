import { describeSettings } from "@postrider/kit-config";
import { expect, test } from "vitest";
import { parseStandaloneConfig, STANDALONE_SETTINGS } from "./config.ts";

const PAGE = `# Settings

The standalone platform reads these environment variables at start; a wrong one stops it with a line that says what it should be.
This page is made from the code: \`npx vitest run -u apps/standalone/src/config.test.ts\` writes it.

${describeSettings(STANDALONE_SETTINGS)}
The command line reads \`POSTRIDER_GRPC_ADDRESS\` (where the platform is) and \`POSTRIDER_SECRET\` (for \`receive\`).
`;

test("docs/settings.md tells every setting as the code has it", async () => {
  await expect(PAGE).toMatchFileSnapshot("../../../docs/settings.md");
});

test("without any variable the platform stays on loopback", () => {
  expect(parseStandaloneConfig({})).toMatchObject({
    grpcAddress: "127.0.0.1:50051",
    adminAddress: "127.0.0.1:9464",
    dataDir: "./data",
    egressAllow: ["127.0.0.0/8"],
  });
});
