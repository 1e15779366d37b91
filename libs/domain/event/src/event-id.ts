// Crockford's base 32, lower case: no i, l, o, u.
const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";
const TIME_DIGITS = 10;
// 80 random bits, drawn 20 at a time: a draw has 53 bits at best, and four characters need 20.
const RANDOM_DRAWS = 4;
const DIGITS_PER_DRAW = 4;
const VALUES_PER_DRAW = 2 ** 20;

/**
 * An id that sorts by time of making: `evt_`, 10 characters of `nowMs` (milliseconds since the epoch, below 2^48), 16
 * characters of 80 random bits. A ULID (github.com/ulid/spec) in lower case; ids of one millisecond come in any order.
 * @param random uniform in [0, 1)
 */
export function createEventId(nowMs: number, random: () => number): string {
  let id = `evt_${encodeDigits(nowMs, TIME_DIGITS)}`;
  for (let draw = 0; draw < RANDOM_DRAWS; draw++) {
    id += encodeDigits(Math.floor(random() * VALUES_PER_DRAW), DIGITS_PER_DRAW);
  }
  return id;
}

// By division: the time has more than the 32 bits of a shift.
function encodeDigits(value: number, length: number): string {
  let digits = "";
  let rest = value;
  for (let i = 0; i < length; i++) {
    digits = DIGITS.charAt(rest % 32) + digits;
    rest = Math.floor(rest / 32);
  }
  return digits;
}
