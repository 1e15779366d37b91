import { lookup, promises } from "node:dns";
import type { LookupAddress } from "node:dns";
import { isIP } from "node:net";

import type { Parsed } from "@postrider/kit-config";

import type { ResolveHost } from "./checked-lookup.ts";

/** Who resolves names: the machine as it does for everybody, or name servers; none named are those of the machine. */
export type NameServers = "system" | readonly string[];

/** Two tries of this long, the second a little longer, end before a connection's ten seconds do. */
const TRY_MS = 2500;
const TRIES = 2;

/** There is no such name, or it has no addresses of this family: an answer. All else is a failure to answer. */
const ANSWERS_OF_NONE = new Set(["ENODATA", "ENOTFOUND"]);

/**
 * Creates the resolver of receivers' names. It asks name servers itself, over one socket, for any number of names at
 * a time. The machine's own (`getaddrinfo`) works in four threads, that of all names together: four names whose
 * servers don't answer would hold up every other one.
 */
export function createResolveHost(servers: NameServers): ResolveHost {
  if (servers === "system") return lookup;
  const resolver = new promises.Resolver({ timeout: TRY_MS, tries: TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  return (hostname, _options, callback) => {
    void resolveBoth(resolver, hostname).then(
      (addresses) => {
        callback(null, addresses);
      },
      (error: unknown) => {
        callback(error as NodeJS.ErrnoException, undefined);
      },
    );
  };
}

/**
 * Both families, IPv4 first: where IPv6 leads nowhere, which is common, nothing waits for it. One family is enough if
 * the other can't be told: many servers fail at AAAA. @throws the failure of a family, when there is no address
 */
async function resolveBoth(resolver: promises.Resolver, hostname: string): Promise<LookupAddress[]> {
  const [four, six] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  const addresses = [...addressesOf(four, 4), ...addressesOf(six, 6)];
  if (addresses.length > 0) return addresses;
  const failures = [four, six].flatMap((family) => (family.status === "rejected" ? [family.reason as Error] : []));
  const failure = failures.find((error) => !("code" in error && ANSWERS_OF_NONE.has(String(error.code))));
  throw failure ?? failures[0] ?? new Error(`${hostname} has no address`);
}

function addressesOf(answer: PromiseSettledResult<string[]>, family: 4 | 6): LookupAddress[] {
  return answer.status === "fulfilled" ? answer.value.map((address) => ({ address, family })) : [];
}

/** Reads the setting: empty, `system`, or addresses with or without a port. */
export function parseNameServers(text: string): Parsed<NameServers> {
  if (text === "system") return { kind: "value", value: text };
  const servers = text === "" ? [] : text.split(",").map((server) => server.trim());
  return servers.every(isNameServer)
    ? { kind: "value", value: servers }
    : { kind: "wrong", wanted: "IP addresses, with :port or without, separated by commas; or system" };
}

function isNameServer(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const [, six, four, port] = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/u.exec(text) ?? [];
  return isIP(six ?? four ?? "") === (six === undefined ? 4 : 6) && Number(port) >= 1 && Number(port) <= 65_535;
}
