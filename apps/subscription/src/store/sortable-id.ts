// Crockford's base 32, lower case: no i, l, o, u.
const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 16;

/**
 * An id that sorts by time of making: a prefix and `_`, 10 characters of `nowMs` (milliseconds since the epoch, below 2^48), 16
 * characters of 80 random bits. A ULID (github.com/ulid/spec) in lower case; ids of one millisecond come in any order.
 */
export function createSortableId(prefix: string, nowMs: number, randomBytes: (count: number) => Uint8Array): string {
  let time = "";
  // By division: the time has more than the 32 bits of a shift.
  for (let rest = nowMs; time.length < TIME_DIGITS; rest = Math.floor(rest / 32)) {
    time = DIGITS.charAt(rest % 32) + time;
  }
  // 256 is a multiple of 32, so the low bits of a byte are uniform.
  const random = Array.from(randomBytes(RANDOM_DIGITS), (byte) => DIGITS.charAt(byte % 32)).join("");
  return `${prefix}_${time}${random}`;
}
