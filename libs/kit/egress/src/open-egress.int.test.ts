import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parseSettings } from "@postrider/kit-config";
import { systemClock } from "@postrider/kit-lifecycle";
import {
  createSelfSignedCertificate,
  createTestAuthority,
  startConnectProxy,
  startDnsServer,
  startReceiver,
} from "@postrider/testing";
import { describe, expect, onTestFinished, test } from "vitest";

import { EGRESS_CONNECTION_SETTINGS, egressPolicySettings, INTERNET_ONLY } from "./egress-settings.ts";
import type { Egress, EgressRequest } from "./egress.ts";
import { openEgress, openEgressPolicy } from "./open-egress.ts";

const authority = createTestAuthority();
const shop = authority.issue({ commonName: "shop.example", dnsNames: ["shop.example"] });

describe("the door of a service's settings", () => {
  test("trusts the authorities of a file, and asks the name servers that it is given", async () => {
    const receiver = await startReceiver({ tls: shop });
    onTestFinished(receiver.close);
    const dns = await startDnsServer(({ type }) => ({ records: type === "A" ? [{ type, data: "127.0.0.1" }] : [] }));
    onTestFinished(dns.close);
    const egress = opened({
      POSTRIDER_EGRESS_ALLOW: "127.0.0.0/8",
      POSTRIDER_EGRESS_PORTS: "any",
      POSTRIDER_EGRESS_DNS: dns.address,
      POSTRIDER_EGRESS_CA_FILE: await fileOf(`Ours:\n${createSelfSignedCertificate().cert}\n${authority.cert}`),
    });

    const result = await egress.send(requestTo(`https://shop.example:${receiver.port}/`));
    expect(result).toMatchObject({ kind: "responded", status: 200 });
    expect(dns.questions.map(({ name }) => name)).toEqual(["shop.example", "shop.example"]);
  });

  test("goes through the proxy that it is given", async () => {
    const proxy = await startConnectProxy(() => 502);
    onTestFinished(proxy.close);
    const egress = opened({ POSTRIDER_EGRESS_PROXY: proxy.url });

    expect(await egress.send(requestTo("https://shop.example/"))).toMatchObject({ reason: "connect", detail: "proxy" });
  });

  test.each([
    ["is not there", undefined, /can't be read \(ENOENT/u],
    ["has none", "hello", /has no certificate in it; it should be PEM$/u],
    [
      "has a broken one",
      `${authority.cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----`,
      /number 2 of 2 in .+ is no certificate$/u,
    ],
    ["has a key", shop.key, /number 1 of 1 in .+ is no certificate$/u],
  ])("stays closed when the file of authorities %s, and says so", async (_name, text, message) => {
    const path = text === undefined ? join(tmpdir(), "no-such-file.pem") : await fileOf(text);
    expect(() => opened({ POSTRIDER_EGRESS_CA_FILE: path })).toThrow(message);
    expect(() => opened({ POSTRIDER_EGRESS_CA_FILE: path })).toThrow(`POSTRIDER_EGRESS_CA_FILE: `);
    expect(() => opened({ POSTRIDER_EGRESS_CA_FILE: path })).toThrow(path);
  });
});

function opened(environment: Record<string, string>): Egress {
  const settings = { ...egressPolicySettings(INTERNET_ONLY), ...EGRESS_CONNECTION_SETTINGS };
  const config = parseSettings(settings, environment);
  const egress = openEgress({ policy: openEgressPolicy(config), config, clock: systemClock });
  onTestFinished(async () => egress.close(0));
  return egress;
}

async function fileOf(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "egress-"));
  onTestFinished(async () => rm(folder, { recursive: true }));
  const path = join(folder, "authorities.pem");
  await writeFile(path, text);
  return path;
}

function requestTo(url: string): EgressRequest {
  return { url, method: "POST", headers: {}, body: Buffer.from("{}"), timeoutMs: 20_000, keepBodyBytes: 0 };
}
