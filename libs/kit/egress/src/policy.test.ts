import { describe, expect, test } from "vitest";

import { createEgressPolicy } from "./policy.ts";

const strict = createEgressPolicy({ allowedRanges: [], allowHttp: false, ports: [443, 8443] });
const open = createEgressPolicy({ allowedRanges: [], allowHttp: true, ports: "any" });

describe("a URL", () => {
  test.each([
    "https://example.com/hook",
    "https://example.com./hook?x=1",
    "https://example.com:8443",
    "https://8.8.8.8/",
    "https://[2001:4860:4860::8888]/",
    "https://bücher.example/",
    "https://localhost.example.com/",
    "https://my-internal.example/",
  ])("passes: %s", (url) => {
    expect(strict.checkUrl(url)).toBeUndefined();
  });

  test.each([
    ["bad_url", ""],
    ["bad_url", "example.com/hook"],
    ["bad_url", "https://"],
    ["bad_url", "https://example.com/#top"],
    ["bad_url", "https://example.com/#"],
    ["bad_url", "https://exa\tmple.com/"],
    ["bad_url", " https://example.com/"],
    ["bad_url", "https:\\\\example.com/"],
    ["bad_url", `https://example.com/${"a".repeat(2048)}`],
    ["bad_url", `https://example.com/?${"a".repeat(8192)}`],
    ["scheme", "http://example.com/"],
    ["scheme", "ftp://example.com/"],
    ["scheme", "file:///etc/passwd"],
    ["scheme", "javascript:alert(1)"],
    ["port", "https://example.com:80/"],
    ["port", "https://example.com:0/"],
    ["userinfo", "https://user@example.com/"],
    ["userinfo", "https://user:secret@example.com/"],
    ["userinfo", "https://example.com:443@127.0.0.1/"],
    ["host_name", "https://localhost/"],
    ["host_name", "https://LOCALHOST./"],
    ["host_name", "https://a.localhost/"],
    ["host_name", "https://printer.local/"],
    ["host_name", "https://metadata.google.internal/"],
    ["host_name", "https://api.default.svc/"],
    ["host_name", "https://api.default.svc.cluster.local./"],
    ["host_name", "https://nas.home.arpa/"],
    ["host_name", "https://intranet/"],
    ["host_name", "https://example.com../"],
    ["host_name", `https://${"a".repeat(64)}.example/`],
  ])("is refused for %s: %s", (reason, url) => {
    expect(strict.checkUrl(url)?.reason).toBe(reason);
  });

  test("may carry an event in its query, beyond the length of a plain URL", () => {
    expect(strict.checkUrl(`https://example.com/?event=${"a".repeat(4096)}`)).toBeUndefined();
  });

  test("may use any port but 0 where any is allowed", () => {
    expect(open.checkUrl("http://example.com:6379/")).toBeUndefined();
    expect(open.checkUrl("http://example.com:0/")?.reason).toBe("port");
  });
});

describe("a private address", () => {
  test.each([
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "%31%32%37.0.0.1",
    "0",
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::a00:1]",
    "[2002:7f00:1::]",
    "[2001::7f00:1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe00::1]",
    "[ff02::1]",
    "[5f00::1]",
  ])("is refused in a URL, however it is written: %s", (host) => {
    expect(open.checkUrl(`http://${host}/`)?.reason).toBe("private_address");
  });

  test.each(["127.0.0.1", "::1", "::ffff:10.0.0.1", "::FFFF:0A00:1", "fe80::1%eth0", "::", "no address", ""])(
    "is refused when a name resolves to it: %j",
    (address) => {
      expect(open.checkAddress(address)?.reason).toBe("private_address");
    },
  );

  test.each(["100.63.255.254", "100.128.0.1", "2001:4860:4860::8888", "::ffff:8.8.8.8", "172.32.0.1", "11.0.0.1"])(
    "is not a neighbour of a private range: %s",
    (address) => {
      expect(open.checkAddress(address)).toBeUndefined();
    },
  );
});

describe("an allowed range", () => {
  const local = createEgressPolicy({ allowedRanges: ["127.0.0.0/8"], allowHttp: true, ports: "any" });

  test("opens its addresses, in every notation, and no others", () => {
    expect(local.checkUrl("http://127.0.0.1:3000/")).toBeUndefined();
    expect(local.checkUrl("http://[::ffff:127.0.0.1]/")).toBeUndefined();
    expect(local.checkUrl("http://2130706433/")).toBeUndefined();
    expect(local.checkUrl("http://[::1]/")?.reason).toBe("private_address");
    expect(local.checkUrl("http://10.0.0.1/")?.reason).toBe("private_address");
  });

  test("of loopback opens localhost, and no other internal name", () => {
    expect(local.checkUrl("http://localhost:3000/")).toBeUndefined();
    expect(local.checkUrl("http://intranet/")?.reason).toBe("host_name");
  });

  test("of a private network opens internal names, and not localhost", () => {
    const cluster = createEgressPolicy({ allowedRanges: ["10.0.0.0/8", "fd00::/8"], allowHttp: true, ports: "any" });

    expect(cluster.checkUrl("http://api.default.svc/")).toBeUndefined();
    expect(cluster.checkUrl("http://[fd12::1]/")).toBeUndefined();
    expect(cluster.checkUrl("http://localhost/")?.reason).toBe("host_name");
    expect(cluster.checkAddress("169.254.169.254")?.reason).toBe("private_address");
  });
});

describe("a wrong setting", () => {
  test.each(["", "10.0.0.0", "10.0.0/8", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1", "fe80::1%eth0/64", "localhost/8"])(
    "is named: range %j",
    (range) => {
      expect(() => createEgressPolicy({ allowedRanges: [range], allowHttp: true, ports: "any" })).toThrow(
        `allowedRanges: "${range}" is not a CIDR range such as 10.0.0.0/8 or fd00::/8`,
      );
    },
  );

  test("is named: prefix", () => {
    expect(() => createEgressPolicy({ allowedRanges: ["10.0.0.0/33"], allowHttp: true, ports: "any" })).toThrow(
      'allowedRanges: the prefix of "10.0.0.0/33" is longer than 32 bits',
    );
  });

  test("is named: port", () => {
    expect(() => createEgressPolicy({ allowedRanges: [], allowHttp: true, ports: [443, 70_000] })).toThrow(
      "ports: 70000 is not a port from 1 to 65535",
    );
  });
});
