import { expect, test } from "vitest";
import { parseConfig } from "./config.ts";

test("without settings it asks the platform on this machine", () => {
  expect(parseConfig({})).toEqual({
    address: "127.0.0.1:50051",
    subscriptionAddress: undefined,
    ledgerAddress: undefined,
    secret: undefined,
    ...{ token: undefined, caPath: undefined, certPath: undefined, keyPath: undefined },
  });
  expect(parseConfig({ POSTRIDER_GRPC_ADDRESS: "", POSTRIDER_SECRET: "" })).toEqual(parseConfig({}));
});

test("the environment names another platform, the secret, and who calls", () => {
  const environment = {
    POSTRIDER_GRPC_ADDRESS: "ingest:443",
    POSTRIDER_SUBSCRIPTION_ADDRESS: "subscription:443",
    POSTRIDER_LEDGER_ADDRESS: "ledger:443",
    POSTRIDER_SECRET: "whsec_x",
    POSTRIDER_TOKEN: "pr_x",
    POSTRIDER_SERVICE_CA_FILE: "/ca.pem",
    POSTRIDER_TLS_CERT_FILE: "/cert.pem",
    POSTRIDER_TLS_KEY_FILE: "/key.pem",
  };
  expect(parseConfig(environment)).toEqual({
    address: "ingest:443",
    subscriptionAddress: "subscription:443",
    ledgerAddress: "ledger:443",
    secret: "whsec_x",
    ...{ token: "pr_x", caPath: "/ca.pem", certPath: "/cert.pem", keyPath: "/key.pem" },
  });
});
