/** What is asked. */
export interface DnsQuestion {
  /** Without the final dot. */
  readonly name: string;
  readonly type: "A" | "AAAA" | "other";
}

/** One record of an answer. */
export interface DnsRecord {
  /** Whose it is. Default: the name that was asked for. */
  readonly name?: string;
  readonly type: "A" | "AAAA" | "CNAME";
  /** An address, or for CNAME a name. */
  readonly data: string;
  readonly ttlSeconds?: number;
}

/** A whole answer. */
export interface DnsReply {
  readonly records: readonly DnsRecord[];
  /** Default NOERROR. */
  readonly code?: "NOERROR" | "SERVFAIL" | "NXDOMAIN" | "REFUSED";
  /** Says that there is more over TCP, and carries nothing. */
  readonly isTruncated?: boolean;
}

const TYPES = { A: 1, CNAME: 5, AAAA: 28 } as const;
const CODES = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

// RFC 1035, section 4.1.1.
const HEADER_BYTES = 12;
const IS_RESPONSE = 0x8000;
const IS_TRUNCATED = 0x0200;
const RECURSION = 0x0180;
const CLASS_INTERNET = 1;

/** Reads the question of a query; queries have one. */
export function decodeQuestion(query: Buffer): DnsQuestion & { readonly endsAt: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.subarray(at + 1, at + 1 + length).toString("latin1"));
    at += 1 + length;
  }
  const type = query.readUInt16BE(at + 1);
  const known = type === TYPES.A ? "A" : type === TYPES.AAAA ? "AAAA" : "other";
  return { name: labels.join("."), type: known, endsAt: at + 5 };
}

/** Writes the answer to a query. */
export function encodeReply(query: Buffer, { records, code = "NOERROR", isTruncated = false }: DnsReply): Buffer {
  const { name, endsAt } = decodeQuestion(query);
  const answers = isTruncated ? [] : records.map((record) => encodeRecord({ name, ...record }));
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(IS_RESPONSE | RECURSION | (isTruncated ? IS_TRUNCATED : 0) | CODES[code], 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  return Buffer.concat([header, query.subarray(HEADER_BYTES, endsAt), ...answers]);
}

function encodeRecord({ name, type, data, ttlSeconds = 0 }: DnsRecord & { readonly name: string }): Buffer {
  const value = type === "CNAME" ? encodeName(data) : type === "A" ? encodeIpv4(data) : encodeIpv6(data);
  const fields = Buffer.alloc(10);
  fields.writeUInt16BE(TYPES[type], 0);
  fields.writeUInt16BE(CLASS_INTERNET, 2);
  fields.writeUInt32BE(ttlSeconds, 4);
  fields.writeUInt16BE(value.length, 8);
  return Buffer.concat([encodeName(name), fields, value]);
}

function encodeName(name: string): Buffer {
  const labels = name.split(".").map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function encodeIpv4(address: string): Buffer {
  return Buffer.from(address.split(".").map(Number));
}

/** The URL parser turns each way to write it into groups of hex digits with one gap at most. */
function encodeIpv6(address: string): Buffer {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = [], tail = []] = canonical.split("::").map((half) => half.split(":").filter((group) => group !== ""));
  const gap = Array.from({ length: 8 - head.length - tail.length }, () => "0");
  const groups = [...head, ...gap, ...tail].map((group) => Number.parseInt(group, 16));
  return Buffer.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}
