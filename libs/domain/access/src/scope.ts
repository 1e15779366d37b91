/**
 * What a caller may do. None includes another: a token that should publish and look things up names both.
 *
 * - `publish`: give events to ingest.
 * - `manage`: make and change subscriptions, event types and tokens.
 * - `read`: see them.
 * - `operate`: what the platform's own services do among themselves, signing keys included.
 */
export const SCOPES = ["publish", "manage", "read", "operate"] as const;

export type Scope = (typeof SCOPES)[number];

/** True for one of {@link SCOPES}. */
export function isScope(text: string): text is Scope {
  return SCOPES.some((scope) => scope === text);
}
