import { clampHoldback } from "@postrider/domain-flow";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const SHORT_DAY = "(?<weekday>Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const LONG_DAY = `(?<weekday>${WEEKDAYS.join("|")})`;
const MONTH = `(?<month>${MONTHS.join("|")})`;
const TIME = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`;

// The three forms of HTTP-date, RFC 9110 section 5.6.7: IMF-fixdate, and the obsolete RFC 850 and asctime ones.
const HTTP_DATES = [
  new RegExp(String.raw`^${SHORT_DAY}, (?<day>\d\d) ${MONTH} (?<year>\d{4}) ${TIME} GMT$`),
  new RegExp(String.raw`^${LONG_DAY}, (?<day>\d\d)-${MONTH}-(?<year>\d\d) ${TIME} GMT$`),
  new RegExp(String.raw`^${SHORT_DAY} ${MONTH} (?<day>\d\d| \d) ${TIME} (?<year>\d{4})$`),
];

/** What an attempt's result says of a Retry-After header: nothing where there is none, or nonsense. */
export function readRetryAfter(
  text: string | undefined,
  nowMs: number,
): { readonly retryAfterMs?: number; readonly isRetryAfterClamped?: true } {
  const retryAfterMs = text === undefined ? undefined : parseRetryAfter(text, nowMs);
  if (retryAfterMs === undefined) return {};
  return clampHoldback(retryAfterMs).isClamped ? { retryAfterMs, isRetryAfterClamped: true } : { retryAfterMs };
}

/** How much of a wait that was asked for counts, milliseconds: as much as for the endpoint as a whole. */
export function clampRetryAfter(retryAfterMs: number): number {
  return clampHoldback(retryAfterMs).waitMs;
}

/**
 * The wait that a Retry-After header asks for, in milliseconds from `nowMs`; 0 for a date that has passed. Seconds or an
 * HTTP-date and nothing else (RFC 9110 section 10.2.3): undefined for all other text. Not clamped: {@link clampRetryAfter} does that.
 */
export function parseRetryAfter(text: string, nowMs: number): number | undefined {
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, Number.MAX_SAFE_INTEGER);
  const atMs = parseHttpDate(text, nowMs);
  return atMs === undefined ? undefined : Math.max(0, atMs - nowMs);
}

function parseHttpDate(text: string, nowMs: number): number | undefined {
  for (const form of HTTP_DATES) {
    const groups = form.exec(text)?.groups;
    if (groups) return toEpochMs(groups, nowMs);
  }
  return undefined;
}

/** Undefined for a day that doesn't exist or isn't that weekday, and for a time out of range. */
function toEpochMs(groups: Readonly<Record<string, string>>, nowMs: number): number | undefined {
  const field = (name: string): number => Number(groups[name]);
  // 60 is a leap second.
  if (field("hour") > 23 || field("minute") > 59 || field("second") > 60) return undefined;

  const year = groups["year"]?.length === 2 ? findFullYear(field("year"), nowMs) : field("year");
  const midnightMs = Date.UTC(year, MONTHS.indexOf(groups["month"] ?? ""), field("day"));
  const date = new Date(midnightMs);
  const weekday = WEEKDAYS[date.getUTCDay()]?.slice(0, 3);
  if (date.getUTCFullYear() !== year || date.getUTCDate() !== field("day")) return undefined;
  if (weekday !== groups["weekday"]?.slice(0, 3)) return undefined;
  return midnightMs + ((field("hour") * 60 + field("minute")) * 60 + field("second")) * 1000;
}

/** RFC 9110: a two-digit year that seems more than 50 years ahead is the latest past year with these digits. */
function findFullYear(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + 50 ? year - 100 : year;
}
