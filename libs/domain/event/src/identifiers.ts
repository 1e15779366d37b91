// Also what Standard Webhooks 1.0 allows as `webhook-id`: no dot, because a dot separates the signed parts.
const IDENTIFIER = /^[A-Za-z0-9_-]{1,64}$/;

/** True for `^[A-Za-z0-9_-]{1,64}$`. */
export function isEventId(text: string): boolean {
  return IDENTIFIER.test(text);
}

/** True for `^[A-Za-z0-9_-]{1,64}$`. */
export function isTenantId(text: string): boolean {
  return IDENTIFIER.test(text);
}
