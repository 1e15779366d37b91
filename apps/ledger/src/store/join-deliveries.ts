/*
 * The join of two states of a delivery as SQL that SQLite and PostgreSQL both take: what stands there (d) with what comes
 * (excluded). It is the join of domain/delivery's fold, which says why it is one; a property test holds them equal.
 */

const IS_DELIVERED = "(d.state = 'delivered' OR excluded.state = 'delivered')";
/** What comes is above what stands, neither being delivered. */
const COMES_LATER = `(${rankOf("excluded")} > ${rankOf("d")})`;
const EARLIER_RECEIPT =
  "(excluded.delivered_at_ms IS NOT NULL AND (d.delivered_at_ms IS NULL OR excluded.delivered_at_ms < d.delivered_at_ms))";
const LATER_START =
  "(excluded.last_attempt_at_ms IS NOT NULL AND (d.last_attempt_at_ms IS NULL OR excluded.last_attempt_at_ms > d.last_attempt_at_ms))";

function rankOf(side: "d" | "excluded"): string {
  return `(${side}.attempts, ${side}.state = 'dead', coalesce(${side}.until_ms, 0), coalesce(${side}.dead_reason, ''))`;
}

function chosen(column: string, whenDelivered: string): string {
  const later = `WHEN ${COMES_LATER} THEN excluded.${column} ELSE d.${column}`;
  return `${column} = CASE WHEN ${IS_DELIVERED} THEN ${whenDelivered} ${later} END`;
}

function replacedIf(condition: string, column: string): string {
  return `${column} = CASE WHEN ${condition} THEN excluded.${column} ELSE d.${column} END`;
}

/** Behind an INSERT into ledger_deliveries AS d. What brings nothing new writes nothing. */
export const ON_CONFLICT_JOIN = `ON CONFLICT (accepted_at_ms, id) DO UPDATE SET
  ${[
    chosen("state", "'delivered'"),
    chosen("until_ms", "NULL"),
    chosen("dead_reason", "NULL"),
    replacedIf("excluded.attempts > d.attempts", "attempts"),
    replacedIf(EARLIER_RECEIPT, "delivered_at_ms"),
    replacedIf(LATER_START, "last_attempt_at_ms"),
  ].join(",\n  ")}
  WHERE ${EARLIER_RECEIPT} OR ${LATER_START} OR excluded.attempts > d.attempts
    OR (NOT ${IS_DELIVERED} AND ${COMES_LATER})`;
