import { parseSettings } from "@postrider/kit-config";
import { describe, expect, test } from "vitest";

import { EGRESS_CONNECTION_SETTINGS, egressPolicySettings, INTERNET_ONLY } from "./egress-settings.ts";
import { openEgressPolicy } from "./open-egress.ts";

const SETTINGS = { ...egressPolicySettings(INTERNET_ONLY), ...EGRESS_CONNECTION_SETTINGS };

function parse(environment: Record<string, string>): ReturnType<typeof parseSettings<typeof SETTINGS>> {
  return parseSettings(SETTINGS, environment);
}

describe("without any setting", () => {
  test("a service reaches public addresses, by https, at the ports of https", () => {
    const policy = openEgressPolicy(parse({}));

    expect(policy.checkUrl("https://example.com/")).toBeUndefined();
    expect(policy.checkUrl("https://example.com:8443/")).toBeUndefined();
    expect(policy.checkUrl("http://example.com/")?.reason).toBe("scheme");
    expect(policy.checkUrl("https://example.com:6379/")?.reason).toBe("port");
    expect(policy.checkUrl("https://10.0.0.1/")?.reason).toBe("private_address");
  });

  test("it asks the machine's name servers, through no proxy, and trusts the usual authorities", () => {
    expect(parse({})).toMatchObject({ egressDns: [], egressProxy: undefined, egressCaFile: undefined });
  });
});

describe("a setting", () => {
  test("of ports, plain http and ranges widens what may be called", () => {
    const policy = openEgressPolicy(
      parse({
        POSTRIDER_EGRESS_PORTS: "80, 8080",
        POSTRIDER_EGRESS_HTTP: "allow",
        POSTRIDER_EGRESS_ALLOW: "10.0.0.0/8",
      }),
    );

    expect(policy.checkUrl("http://10.0.0.1:8080/")).toBeUndefined();
    expect(policy.checkUrl("http://example.com/")).toBeUndefined();
    expect(policy.checkUrl("https://example.com/")?.reason).toBe("port");
    expect(
      openEgressPolicy(parse({ POSTRIDER_EGRESS_PORTS: "any" })).checkUrl("https://example.com:1/"),
    ).toBeUndefined();
  });

  test.each([
    ["system", "system"],
    ["10.0.0.2", ["10.0.0.2"]],
    ["10.0.0.2:5353, fd00::1,[fd00::2]:53", ["10.0.0.2:5353", "fd00::1", "[fd00::2]:53"]],
  ])("of name servers is read: %s", (text, servers) => {
    expect(parse({ POSTRIDER_EGRESS_DNS: text }).egressDns).toEqual(servers);
  });

  test.each([
    ["http://proxy.example:3128", { hostname: "proxy.example", port: 3128 }],
    ["http://proxy.example/", { hostname: "proxy.example", port: 80 }],
    ["http://[fd00::1]:3128", { hostname: "fd00::1", port: 3128 }],
    ["http://a:b%3A@10.0.0.1:3128", { hostname: "10.0.0.1", port: 3128, authorization: "Basic YTpiOg==" }],
  ])("of a proxy is read: %s", (text, proxy) => {
    expect(parse({ POSTRIDER_EGRESS_PROXY: text }).egressProxy).toEqual(proxy);
  });
});

describe("a wrong setting is named, with what it should be", () => {
  test.each([
    ["POSTRIDER_EGRESS_PORTS", "0", "ports from 1 to 65535"],
    ["POSTRIDER_EGRESS_PORTS", "443;8443", "ports from 1 to 65535"],
    ["POSTRIDER_EGRESS_PORTS", "443,", "ports from 1 to 65535"],
    ["POSTRIDER_EGRESS_HTTP", "yes", "one of refuse, allow"],
    ["POSTRIDER_EGRESS_DNS", "dns.example", "IP addresses"],
    ["POSTRIDER_EGRESS_DNS", "10.0.0.1:0", "IP addresses"],
    ["POSTRIDER_EGRESS_DNS", "10.0.0.1,system", "IP addresses"],
    ["POSTRIDER_EGRESS_DNS", "fd00::1:53:", "IP addresses"],
  ])("%s=%s", (variable, value, wanted) => {
    expect(() => parse({ [variable]: value })).toThrow(`${variable}=${JSON.stringify(value)} should be ${wanted}`);
  });

  test.each(["proxy.example:3128", "https://proxy.example", "http://proxy.example/path", "socks5://u:secret@proxy"])(
    "and a proxy's password is not repeated: %s",
    (value) => {
      expect(() => parse({ POSTRIDER_EGRESS_PROXY: value })).toThrow(
        /^POSTRIDER_EGRESS_PROXY=\(secret\) should be a URL such as http:\/\/proxy.example:3128$/u,
      );
    },
  );
});
