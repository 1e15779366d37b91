import type { EgressPolicy } from "./policy.ts";
import type { Refused } from "./result.ts";

/** Where a URL leads, or why it may not be called. */
export type Target = { readonly kind: "target"; readonly origin: string; readonly path: string } | Refused;

/** Enough for the endpoints that a process calls within minutes, at some hundred bytes each. */
const MAX_TARGETS = 10_000;
/** Longer URLs carry an event in their query (GET, DELETE): they never come again, and would fill the memory. */
const MAX_CACHED_URL_CHARS = 512;

/**
 * Creates the parser of each request's URL: it checks the URL against the policy, then remembers the outcome.
 * That is sound because a policy is pure, and saves most of what a request costs before it is sent.
 */
export function createTargetCache(policy: EgressPolicy): (url: string) => Target {
  const targets = new Map<string, Target>();
  return (url) => {
    const known = targets.get(url);
    if (known !== undefined) return known;
    const target = parseTarget(policy, url);
    if (url.length <= MAX_CACHED_URL_CHARS) {
      // The oldest goes, in use or not: it comes back at the price of one parse.
      const [oldest] = targets.size < MAX_TARGETS ? [] : targets.keys();
      if (oldest !== undefined) targets.delete(oldest);
      targets.set(url, target);
    }
    return target;
  };
}

function parseTarget(policy: EgressPolicy, text: string): Target {
  const refusal = policy.checkUrl(text);
  if (refusal !== undefined) return { kind: "refused", ...refusal };
  const url = new URL(text);
  return { kind: "target", origin: url.origin, path: url.pathname + url.search };
}
