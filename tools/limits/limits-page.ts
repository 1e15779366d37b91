// docs/limits.md: what the platform itself answers to a field that is too large.

export interface Limit {
  /** Such as CreateSubscription. */
  readonly method: string;
  /** Such as subscription.event_types. */
  readonly path: string;
  /** What the platform said of it. */
  readonly words: string;
}

const HEAD = `# Limits of requests

Every text, list and map of a request has a bound, and INVALID_ARGUMENT names the field, its value or size, and the bound: below is what
\`npm start\` answers to 300,000 characters or 3,000 entries, field by field. A message may have 4 MiB (RESOURCE_EXHAUSTED), a call
128 headers, the calls of a connection 64 MiB of them. Fields that the platform itself sets are not looked at in requests.

This page is made from the answers: \`npx vitest run -u tools/limits\` writes it.
`;

/** Methods that say the same of the same field share a row. */
export function formatLimitsPage(limits: readonly Limit[]): string {
  const rows = new Map<string, string[]>();
  for (const { method, path, words } of limits) {
    const row = `| \`${path}\` | ${words.replace(/"a+…"/, '"a…"').replaceAll("|", "\\|")} |`;
    rows.set(row, [...(rows.get(row) ?? []), method]);
  }
  const lines = [...rows].map(([row, methods]) => `| ${[...new Set(methods)].join(", ")} ${row}`);
  return [HEAD, "| methods | field | too much of it |", "| --- | --- | --- |", ...lines, ""].join("\n");
}
