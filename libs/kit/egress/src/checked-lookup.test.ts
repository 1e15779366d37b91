import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";

import { describe, expect, test } from "vitest";

import { createCheckedLookup, RefusedAddressError, type ResolveHost } from "./checked-lookup.ts";
import { createEgressPolicy } from "./policy.ts";

const policy = createEgressPolicy({ allowedRanges: [], allowHttp: false, ports: "any" });

describe("the checked lookup", () => {
  test("passes the addresses on that it checked", async () => {
    const addresses = [
      { address: "8.8.8.8", family: 4 },
      { address: "2001:4860:4860::8888", family: 6 },
    ];
    const lookup = createCheckedLookup(policy, answering(addresses));

    expect(await call(lookup, { all: true })).toEqual([null, addresses, undefined]);
    expect(await call(lookup, {})).toEqual([null, "8.8.8.8", 4]);
  });

  test.each([
    ["private", [{ address: "10.0.0.1", family: 4 }], "10.0.0.1"],
    [
      "mixed",
      [
        { address: "8.8.8.8", family: 4 },
        { address: "::ffff:169.254.169.254", family: 6 },
      ],
      "::ffff:169.254.169.254",
    ],
  ])("refuses a name with %s addresses, and says which", async (_name, addresses, refused) => {
    const [error] = await call(createCheckedLookup(policy, answering(addresses)), { all: true });

    expect(error).toBeInstanceOf(RefusedAddressError);
    expect((error as RefusedAddressError).refusal).toMatchObject({
      reason: "private_address",
      message: expect.stringContaining(`example.com resolves to ${refused}`) as string,
    });
  });

  test("treats a name without addresses as one that can't be resolved", async () => {
    const [error] = await call(createCheckedLookup(policy, answering([])), { all: true });
    expect(error).toMatchObject({ message: "example.com has no address" });
  });

  test("knows localhost without asking, as the loopback addresses that are allowed", async () => {
    const ipv4 = createEgressPolicy({ allowedRanges: ["127.0.0.0/8"], allowHttp: true, ports: "any" });
    const nobody: ResolveHost = () => {
      expect.fail("asked");
    };

    const [refused] = await call(createCheckedLookup(policy, nobody), { all: true }, "localhost");
    expect(refused).toBeInstanceOf(RefusedAddressError);
    expect(await call(createCheckedLookup(ipv4, nobody), { all: true }, "a.localhost.")).toEqual([
      null,
      [{ address: "127.0.0.1", family: 4 }],
      undefined,
    ]);
  });

  test("asks once for callers that overlap, and again after that", async () => {
    const answers: (() => void)[] = [];
    const lookup = createCheckedLookup(policy, (_hostname, _options, callback) => {
      answers.push(() => {
        callback(null, [{ address: "8.8.8.8", family: 4 }]);
      });
    });
    const calls = [call(lookup, { all: true }), call(lookup, { all: true })];
    expect(answers).toHaveLength(1);
    answers[0]?.();
    await Promise.all(calls);

    const later = call(lookup, { all: true });
    expect(answers).toHaveLength(2);
    answers[1]?.();
    await later;
  });
});

function answering(addresses: LookupAddress[]): ResolveHost {
  return (_hostname, _options, callback) => {
    callback(null, addresses);
  };
}

function call(lookup: LookupFunction, options: { all?: boolean }, hostname = "example.com"): Promise<unknown[]> {
  return new Promise((resolve) => {
    lookup(hostname, options, (...answer) => {
      resolve(answer.length === 2 ? [...answer, undefined] : answer);
    });
  });
}
