import { lookup, type LookupAddress, type LookupOptions } from "node:dns";
import type { LookupFunction } from "node:net";

import { judgeHostName } from "./host-names.ts";
import type { EgressPolicy, EgressRefusal } from "./policy.ts";

/** Looks up all addresses of a host name: `dns.lookup` with `all: true`. After an error there are no addresses. */
export type ResolveHost = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[] | undefined) => void,
) => void;

/** What `localhost` means, without asking anybody (RFC 6761, section 6.3). */
const LOOPBACK: readonly LookupAddress[] = [
  { address: "127.0.0.1", family: 4 },
  { address: "::1", family: 6 },
];

/** A name with more is not a receiver's: each of them would be checked and tried. */
const MAX_ADDRESSES = 256;

/** A connection that was not made because of where it would have led. */
export class RefusedAddressError extends Error {
  override readonly name = "RefusedAddressError";
  readonly refusal: EgressRefusal;

  constructor(refusal: EgressRefusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

type Waiting = (error: Error | null, addresses: readonly LookupAddress[]) => void;

/**
 * Creates the lookup of all outgoing connections. The address that was checked is the one connected to: a name
 * that changes its address between check and connect (DNS rebinding) gains nothing. One address that is not
 * allowed spoils the name, or its owner could wait for the connection to fall back to it.
 *
 * Lookups of one name that overlap share one call: `dns.lookup` occupies one of libuv's few threads, and a name
 * whose servers are slow must not occupy them all.
 */
export function createCheckedLookup(policy: EgressPolicy, resolveHost: ResolveHost = lookup): LookupFunction {
  const pending = new Map<string, Waiting[]>();

  const resolveShared = (hostname: string, options: LookupOptions, callback: Waiting): void => {
    const sharing = pending.get(hostname);
    if (sharing !== undefined) {
      sharing.push(callback);
      return;
    }
    const waiting = [callback];
    pending.set(hostname, waiting);
    resolveHost(hostname, { ...options, all: true }, (error, addresses = []) => {
      pending.delete(hostname);
      const failure = error ?? judgeAddresses(policy, hostname, addresses);
      for (const finish of waiting) finish(failure, addresses);
    });
  };

  return (hostname, options, callback) => {
    const finish: Waiting = (error, addresses) => {
      const [first] = addresses;
      if (error !== null || first === undefined) callback(error, []);
      else if (options.all === true) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    };
    if (judgeHostName(hostname) === "loopback") resolveLoopback(policy, hostname, finish);
    else resolveShared(hostname, options, finish);
  };
}

/** Only here are addresses left out: `localhost` has both, and an operator who allows one of them means that one. */
function resolveLoopback(policy: EgressPolicy, hostname: string, callback: Waiting): void {
  const allowed = LOOPBACK.filter(({ address }) => policy.checkAddress(address) === undefined);
  if (allowed.length > 0) callback(null, allowed);
  else callback(judgeAddresses(policy, hostname, LOOPBACK), []);
}

function judgeAddresses(policy: EgressPolicy, hostname: string, addresses: readonly LookupAddress[]): Error | null {
  if (addresses.length === 0) {
    return new Error(`${hostname} has no address`);
  }
  if (addresses.length > MAX_ADDRESSES) {
    return new Error(`${hostname} has ${addresses.length} addresses, ${MAX_ADDRESSES} are allowed`);
  }
  for (const { address } of addresses) {
    const refusal = policy.checkAddress(address);
    if (refusal !== undefined) {
      const message = `${hostname} resolves to ${address}: ${refusal.message}`;
      return new RefusedAddressError({ reason: refusal.reason, message });
    }
  }
  return null;
}
