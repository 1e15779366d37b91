// Values that have broken programs elsewhere, by the kind of field.
import type { Chance } from "./chance.ts";

const TEXTS: readonly string[] = [
  "",
  " ",
  "\0",
  "a\0b",
  "\ufeffacme",
  "\u202egnp.exe",
  "\u2028\u2029",
  "e\u0301",
  "\u{1f469}\u200d\u{1f469}\u200d\u{1f467}",
  "\ufffd\uffff",
  "İıſK",
  "\r\nx-injected: 1",
  "%00%0a",
  "%s%n%x",
  "../../etc/passwd",
  "'; DROP TABLE events; --",
  "${jndi:ldap://127.0.0.1/a}",
  "{{7*7}}",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "*",
  "*.*",
  "a.*",
  "postrider.*",
  "-1",
  "NaN",
  "1e309",
  "null",
  "[object Object]",
  "http://[::1]:9/",
  "http://0x7f.1/",
  "https://user:pw@example.com/#x",
  "file:///etc/passwd",
  "http://" + "a".repeat(300) + "/",
  "http://127.0.0.1:99999/",
  "grpc.health.v1.Health",
];

/** A text of an odd length: empty, at bounds, above them, seldom a quarter of a megabyte, since those make a run slow. */
export function makeText(chance: Chance): string {
  if (chance.often(0.6)) return chance.pick(TEXTS);
  const lengths = chance.often(0.03)
    ? [4097, 65_537, 262_145]
    : [63, 64, 65, 128, 129, 256, 257, 1024, 1025, 2048, 2049];
  const length = chance.pick(lengths);
  const unit = chance.pick(["a", "\u00e9", "\u{1f600}", "\0", "a.", "(", "[", '"', "\\", "%", "\u202e"]);
  return unit.repeat(Math.max(1, Math.floor(length / unit.length)));
}

/** Bytes that are no UTF-8: halves of surrogates, overlong forms, cut sequences, beyond U+10FFFF. */
export function makeBrokenText(chance: Chance): Buffer {
  const broken = chance.pick(["eda080", "edbfbf", "c080", "e28", "f4908080", "ff", "fe", "80", "c3", "f0808080"]);
  return Buffer.concat([
    Buffer.from(chance.pick(["", "acme", "\u{1f600}"])),
    Buffer.from(broken.padEnd(2, "0"), "hex"),
  ]);
}

const INTEGERS: readonly bigint[] = [
  ...[0n, 1n, -1n, 2n, 20n, 100n, 1000n, 1001n],
  ...[2n ** 31n - 1n, -(2n ** 31n), 2n ** 32n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n)],
  ...[2n ** 63n - 1n, -(2n ** 63n), 253_402_300_799n, 253_402_300_800n, -62_135_596_801n, 8_640_000_000_001n],
];

export function makeInteger(chance: Chance): bigint {
  return chance.pick(INTEGERS);
}

const DOUBLES: readonly number[] = [NaN, Infinity, -Infinity, -0, 0, 1e308, -1e308, 5e-324, 0.1, 1, -1, 10_001];

export function makeDouble(chance: Chance): number {
  return chance.pick(DOUBLES);
}

/** Of Timestamp and Duration. */
export function makeNanos(chance: Chance): bigint {
  return chance.pick([0n, 1n, -1n, 999_999_999n, 1_000_000_000n, -999_999_999n, 2n ** 31n - 1n, -(2n ** 31n)]);
}
