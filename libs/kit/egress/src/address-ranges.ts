import { BlockList, isIPv4, isIPv6 } from "node:net";

/**
 * IPv4 ranges that are not the public internet: the IANA special-purpose registry (RFC 6890 and its updates), and
 * 168.63.129.16, where Azure answers its virtual machines.
 */
const BLOCKED_IPV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "168.63.129.16/32",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];

/** IPv6 is closed but for global unicast: what embeds an IPv4 address (mapped, NAT64) or is local lies outside. */
const PUBLIC_IPV6 = ["2000::/3"];
/** Inside global unicast: Teredo and other protocol assignments, documentation, 6to4, AS112. */
const BLOCKED_IPV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48"];

const blocked = parseRanges("the built-in ranges", [...BLOCKED_IPV4, ...BLOCKED_IPV6]);
const publicIpv6 = parseRanges("the built-in ranges", PUBLIC_IPV6);

/** An IP address in the one form that ranges are compared in. */
export interface IpAddress {
  readonly text: string;
  readonly family: "ipv4" | "ipv6";
}

/** Reads an IP literal without brackets. An IPv4 address mapped into IPv6 (`::ffff:127.0.0.1`) becomes IPv4. */
export function parseAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { text, family: "ipv4" };
  if (!isIPv6(text)) return undefined;
  // A zone (`fe80::1%eth0`) says which link, not which address. The URL parser knows each way to write IPv6.
  const [address = text] = text.split("%", 1);
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/u.exec(canonical);
  if (mapped === null) return { text: canonical, family: "ipv6" };
  const bits = [mapped[1], mapped[2]].map((group) => Number.parseInt(group ?? "", 16));
  return { text: bits.flatMap((group) => [group >> 8, group & 0xff]).join("."), family: "ipv4" };
}

/** Whether an address belongs to the public internet. */
export function isPublic({ text, family }: IpAddress): boolean {
  if (family === "ipv4") return !blocked.check(text, "ipv4");
  return publicIpv6.check(text, "ipv6") && !blocked.check(text, "ipv6");
}

/**
 * Reads CIDR ranges such as `10.0.0.0/8` or `fd00::/8`.
 *
 * @param field where the ranges come from, for the message
 * @throws RangeError that names the field and the value, if one is none
 */
export function parseRanges(field: string, cidrs: readonly string[]): BlockList {
  const ranges = new BlockList();
  for (const cidr of cidrs) {
    const [, address = "", prefix = ""] = /^([^/]+)\/(\d{1,3})$/u.exec(cidr) ?? [];
    const family = isIPv4(address) ? "ipv4" : isIPv6(address) && !address.includes("%") ? "ipv6" : undefined;
    if (family === undefined) {
      throw new RangeError(`${field}: "${cidr}" is not a CIDR range such as 10.0.0.0/8 or fd00::/8`);
    }
    const longest = family === "ipv4" ? 32 : 128;
    if (Number(prefix) > longest) {
      throw new RangeError(`${field}: the prefix of "${cidr}" is longer than ${longest} bits`);
    }
    ranges.addSubnet(address, Number(prefix), family);
  }
  return ranges;
}
