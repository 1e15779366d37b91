import { systemClock } from "@postrider/kit-lifecycle";
import {
  createSelfSignedCertificate,
  createTestAuthority,
  startHostileReceiver,
  startHostileTlsReceiver,
  startOldTlsReceiver,
  startReceiver,
  type HostileKind,
  type HostileTlsKind,
  type TrackedSockets,
} from "@postrider/testing";
import { once } from "node:events";
import tls from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, onTestFinished, test } from "vitest";

import { createEgress, type Egress, type EgressOptions, type EgressRequest } from "./egress.ts";
import { createEgressPolicy } from "./policy.ts";
import type { EgressResult } from "./result.ts";

/** For exchanges that are to run into it. */
const TIMEOUT_MS = 200;
/** For all others: busy machines are slow. */
const AMPLE_MS = 20_000;
/** At each hostile receiver at a time. */
const CROWD = 20;

const policy = createEgressPolicy({ allowedRanges: ["127.0.0.0/8"], allowHttp: true, ports: "any" });

/** What comes of an exchange, in short: `responded 200`, `responded 200 cut`, or the reason with its detail. */
const HTTP: readonly (readonly [HostileKind, string])[] = [
  ["silent", "timeout headers"],
  ["drip-headers", "timeout headers"],
  ["drip-body", "timeout body"],
  ["early-close", "reset"],
  ["reset", "reset"],
  ["garbage", "protocol not_http"],
  ["wrong-length", "reset"],
  ["huge-headers", "protocol headers_too_large"],
  ["endless-headers", "protocol headers_too_large"],
  ["many-headers", "protocol headers_too_large"],
  ["endless-informational", "protocol too_many_informational"],
  ["endless-body", "responded 200 cut"],
  ["endless-trailers", "protocol headers_too_large"],
  ["endless-chunk-extension", "protocol answer_too_large"],
  ["endless-status-line", "protocol answer_too_large"],
  ["endless-blank-lines", "protocol answer_too_large"],
  ["gzip-bomb", "responded 200"],
  ["redirect-loop", "responded 302"],
  ["unasked-upgrade", "reset"],
];

const TLS: readonly (readonly [HostileTlsKind, string])[] = [
  ["silent", "timeout connection"],
  ["drip", "timeout connection"],
  ["endless", "tls"],
  ["early-close", "tls"],
  ["reset", "tls"],
  ["garbage", "tls"],
  ["tls-1.0-hello", "tls tls_version"],
  ["alert", "tls"],
];

describe("a crowd of exchanges with a receiver that breaks HTTP", () => {
  test.each(HTTP)("%s: each is %s, its connection is cut, and nobody else notices", async (kind, outcome) => {
    const hostile = await opened(await startHostileReceiver(kind));
    const result = await besideHealthy(crowd(hostile.url, outcome));

    expect(new Set(result)).toEqual(new Set([outcome]));
    // What was answered in form keeps its connection for the next request.
    if (outcome !== "responded 200" && outcome !== "responded 302") await hostile.waitForOpenConnections(0);
  });
});

describe("a crowd of exchanges with a receiver that breaks TLS", () => {
  test.each(TLS)("%s: each is %s, its connection is cut, and nobody else notices", async (kind, outcome) => {
    const hostile = await opened(await startHostileTlsReceiver(kind));
    const result = await besideHealthy(crowd(hostile.url, outcome));

    expect(new Set(result)).toEqual(new Set([outcome]));
    // Well before the ten seconds in which a connection may be made.
    await hostile.waitForOpenConnections(0, 5000);
  });

  test.each(["TLSv1", "TLSv1.1"] as const)("that speaks %s only: the handshake fails", async (version) => {
    const old = await opened(await startOldTlsReceiver(createSelfSignedCertificate(), version));
    const result = await besideHealthy(crowd(old.url, "tls"));

    expect(new Set(result)).toEqual(new Set(["tls tls_version"]));
    await old.waitForOpenConnections(0);
  });

  test("whatever Node's flags allow its own connections", async () => {
    const before = [tls.DEFAULT_MIN_VERSION, tls.DEFAULT_CIPHERS] as const;
    const restore = ([version, ciphers]: typeof before): void => {
      tls.DEFAULT_MIN_VERSION = version;
      tls.DEFAULT_CIPHERS = ciphers;
    };
    onTestFinished(() => {
      restore(before);
    });
    restore(["TLSv1", "DEFAULT@SECLEVEL=0"]);
    const old = await opened(await startOldTlsReceiver(createSelfSignedCertificate(), "TLSv1.1"));

    const own = tls.connect({ host: "127.0.0.1", port: old.port, rejectUnauthorized: false });
    await once(own, "secureConnect");
    expect(own.getProtocol()).toBe("TLSv1.1");
    own.destroy();
    expect(inShort(await openedEgress().send(requestTo(old.url)))).toBe("tls tls_version");
  });

  test("and takes longer to connect than a connection may: it ends before its own deadline", async () => {
    const silent = await opened(await startHostileTlsReceiver("silent"));
    const egress = openedEgress({ limits: { connectTimeoutMs: TIMEOUT_MS } });

    expect(await egress.send(requestTo(silent.url))).toMatchObject({
      ...{ kind: "unreachable", reason: "timeout", detail: "connection" },
      message: `no connection within ${TIMEOUT_MS} ms`,
    });
    await silent.waitForOpenConnections(0);
  });
});

describe("a certificate", () => {
  const dayMs = 86_400_000;
  const now = Date.now();
  const authority = createTestAuthority();
  const shop = { commonName: "shop.example", dnsNames: ["shop.example"] };

  test.each([
    ["of another name", authority.issue({ commonName: "x", dnsNames: ["other.example"] }), "certificate_name"],
    [
      "of an address instead of the name",
      authority.issue({ commonName: "x", ipAddresses: ["127.0.0.1"] }),
      "certificate_name",
    ],
    [
      "that has expired",
      authority.issue({ ...shop, notBeforeMs: now - 2 * dayMs, notAfterMs: now - 1 }),
      "certificate_expired",
    ],
    [
      "that is not valid yet",
      authority.issue({ ...shop, notBeforeMs: now + dayMs, notAfterMs: now + 2 * dayMs }),
      "certificate_not_yet_valid",
    ],
    ["that signed itself", createSelfSignedCertificate(), "certificate_self_signed"],
  ])("%s is refused each time, before anything is sent", async (_name, certificate, detail) => {
    const receiver = await opened(await startReceiver({ tls: certificate }));
    const egress = openedEgress({ authorities: [authority.cert], resolveHost: toLoopback });
    const request = requestTo(`https://shop.example:${receiver.port}/hook`);

    expect([await egress.send(request), await egress.send(request)].map(inShort)).toEqual([
      `tls ${detail}`,
      `tls ${detail}`,
    ]);
    expect(receiver.requests).toHaveLength(0);
    await receiver.waitForOpenConnections(0);
  });

  test("that names the host is taken from an authority of the deployment, and from no other", async () => {
    const receiver = await opened(await startReceiver({ tls: authority.issue(shop) }));
    const request = requestTo(`https://shop.example:${receiver.port}/hook`);
    const trusting = openedEgress({
      authorities: [createSelfSignedCertificate().cert, authority.cert],
      resolveHost: toLoopback,
    });

    expect(inShort(await trusting.send(request))).toBe("responded 200");
    expect(inShort(await openedEgress({ resolveHost: toLoopback }).send(request))).toBe("tls certificate_untrusted");
  });

  test("is verified whatever Node's environment says", async () => {
    const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    onTestFinished(() => {
      if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
      else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
    });
    const receiver = await opened(await startReceiver({ tls: createSelfSignedCertificate() }));

    expect(inShort(await openedEgress().send(requestTo(receiver.url)))).toBe("tls certificate_self_signed");
  });
});

test("a thousand such exchanges leave nothing behind in memory", { timeout: 120_000 }, async () => {
  const targets = await Promise.all([
    ...HTTP.map(async ([kind, outcome]) => ({ outcome, url: (await opened(await startHostileReceiver(kind))).url })),
    ...TLS.map(async ([kind, outcome]) => ({ outcome, url: (await opened(await startHostileTlsReceiver(kind))).url })),
  ]);
  const egress = openedEgress();
  const round = async (): Promise<void> => {
    await Promise.all(targets.map(({ url, outcome }) => crowd(url, outcome, 5)(egress)));
  };
  for (let warmUp = 0; warmUp < 2; warmUp += 1) await round();
  const before = settledMemory();
  let peakRssBytes = before.rss;
  for (let rounds = 0; rounds < 8; rounds += 1) {
    await round();
    peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss());
  }
  const after = settledMemory();

  // What one of them may send is a megabyte; two kilobytes that each left would be too much.
  expect((after.live - before.live) / 1024 / 1024).toBeLessThan(2);
  expect((peakRssBytes - before.rss) / 1024 / 1024).toBeLessThan(150);
});

/** Sends to a receiver many times at once. */
function crowd(url: string, outcome: string, size = CROWD): (egress: Egress) => Promise<readonly string[]> {
  const timeoutMs = outcome.startsWith("timeout") ? TIMEOUT_MS : AMPLE_MS;
  return async (egress) => {
    const sending = Array.from({ length: size }, () => egress.send({ ...requestTo(url), timeoutMs }));
    return (await Promise.all(sending)).map(inShort);
  };
}

/** Does it in an egress in which a healthy receiver is sent to all the while, one request after another. */
async function besideHealthy(work: (egress: Egress) => Promise<readonly string[]>): Promise<readonly string[]> {
  const egress = openedEgress();
  const healthy = await opened(await startReceiver());
  const done = new AbortController();
  const working = work(egress).finally(() => {
    done.abort();
  });
  const answers = new Set<string>();
  do answers.add(inShort(await egress.send(requestTo(healthy.url))));
  while (!done.signal.aborted);
  const results = await working;
  expect(answers).toEqual(new Set(["responded 200"]));
  return results;
}

function inShort(result: EgressResult): string {
  if (result.kind === "responded") return `responded ${result.status}${result.isTruncated ? " cut" : ""}`;
  const detail = result.kind === "unreachable" ? result.detail : undefined;
  return detail === undefined ? result.reason : `${result.reason} ${detail}`;
}

/** What is alive after a collection, in the heap and outside. */
function settledMemory(): { readonly live: number; readonly rss: number } {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // What the first one frees may hold what the second one frees.
  collect();
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { live: heapUsed + external, rss };
}

const toLoopback: NonNullable<EgressOptions["resolveHost"]> = (_hostname, _options, callback) => {
  callback(null, [{ address: "127.0.0.1", family: 4 }]);
};

function openedEgress(options: Partial<EgressOptions> = {}): Egress {
  const egress = createEgress({ policy, clock: systemClock, ...options });
  onTestFinished(async () => egress.close(0));
  return egress;
}

/** Closed at the end of the test. */
async function opened<T extends TrackedSockets>(receiver: T): Promise<T> {
  onTestFinished(receiver.close);
  return receiver;
}

function requestTo(url: string): EgressRequest {
  return { url, method: "POST", headers: {}, body: Buffer.from("{}"), timeoutMs: AMPLE_MS, keepBodyBytes: 100 };
}
