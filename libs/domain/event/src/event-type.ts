/** Characters that the name of an event type, or a pattern for it, may have. */
export const MAX_EVENT_TYPE_CHARS = 128;

const NAME = /^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$/;

/** Of the event types that are Postrider's own: it tells tenants of their subscriptions by them. */
const OPERATIONAL_PREFIX = "postrider.";

/** Whether the name is one of those that Postrider keeps for itself. */
export function isOperationalType(name: string): boolean {
  return name.startsWith(OPERATIONAL_PREFIX);
}

/** True for dotted words that begin with a letter, such as `order_paid` or `order.paid`, of up to 128 characters. */
export function isEventTypeName(text: string): boolean {
  return text.length <= MAX_EVENT_TYPE_CHARS && NAME.test(text);
}

/** True for a name, for a name followed by `.*` (such as `order.*`), and for `*`; up to 128 characters. */
export function isEventTypePattern(text: string): boolean {
  if (text === "*") return true;
  if (text.length > MAX_EVENT_TYPE_CHARS) return false;
  return isEventTypeName(text.endsWith(".*") ? text.slice(0, -2) : text);
}

/**
 * Whether events of the type are wanted by the pattern. `order.*` wants `order.paid` and `order.paid.late`, but neither
 * `order` nor `orders.paid`. `*` wants all but Postrider's own types: who wants those says so. Case matters. What is not a pattern matches at most itself.
 */
export function matchesPattern(pattern: string, type: string): boolean {
  if (pattern === "*") return !isOperationalType(type);
  if (pattern === type) return true;
  return pattern.endsWith(".*") && type.startsWith(pattern.slice(0, -1));
}

/** Whether any of the patterns wants the type. */
export function matchesAny(patterns: readonly string[], type: string): boolean {
  return patterns.some((pattern) => matchesPattern(pattern, type));
}
