import { KafkaError, type KafkaErrorCode } from "./kafka.ts";

/** Will never work as it was asked. The names are those of Kafka's protocol. */
const REFUSALS = new Set([
  "MESSAGE_TOO_LARGE",
  "RECORD_LIST_TOO_LARGE",
  "INVALID_TOPIC_EXCEPTION",
  "INVALID_RECORD",
  "INVALID_TIMESTAMP",
  "UNSUPPORTED_FOR_MESSAGE_FORMAT",
  "POLICY_VIOLATION",
  "OFFSET_METADATA_TOO_LARGE",
  "TOPIC_AUTHORIZATION_FAILED",
  "GROUP_AUTHORIZATION_FAILED",
  "CLUSTER_AUTHORIZATION_FAILED",
]);

/** The member's generation is over: what it wants to commit may be somebody else's by now. */
const LOST_GENERATION = new Set([
  "ILLEGAL_GENERATION",
  "UNKNOWN_MEMBER_ID",
  "REBALANCE_IN_PROGRESS",
  "FENCED_INSTANCE_ID",
]);

/** The group can't ever work with these settings or rights. */
const GROUP_SETUP = new Set([
  "GROUP_AUTHORIZATION_FAILED",
  "TOPIC_AUTHORIZATION_FAILED",
  "CLUSTER_AUTHORIZATION_FAILED",
  "INVALID_GROUP_ID",
  "INVALID_SESSION_TIMEOUT",
  "INCONSISTENT_GROUP_PROTOCOL",
]);

/** Kafka's name for what went wrong, if it was Kafka that said so; of the innermost cause. */
export function findProtocolError(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ("type" in at && typeof at.type === "string") return at.type;
  }
  return undefined;
}

/** Whether it is not these records, but the topics or our rights, so that no append can work until somebody changes them. */
export function isSetup(error: unknown): boolean {
  return isUnknownTopic(error) || isGroupSetup(error) || findProtocolError(error) === "INVALID_TOPIC_EXCEPTION";
}

export function isRefusal(error: unknown): boolean {
  return REFUSALS.has(findProtocolError(error) ?? "");
}

export function isUnknownTopic(error: unknown): boolean {
  return findProtocolError(error) === "UNKNOWN_TOPIC_OR_PARTITION";
}

export function isLostGeneration(error: unknown): boolean {
  return LOST_GENERATION.has(findProtocolError(error) ?? "");
}

export function isGroupSetup(error: unknown): boolean {
  return GROUP_SETUP.has(findProtocolError(error) ?? "");
}

/**
 * What failed, in one line: Kafka's own name and words, or the connection's. A connection over both IPv4 and IPv6 fails
 * with an empty text, so the code is told as well.
 */
export function describeFailure(error: unknown): string {
  const root = findRoot(error);
  if (!(root instanceof Error)) return String(root);
  const type = findProtocolError(error);
  if (type !== undefined) return `${type}: ${oneLine(root.message)}`;
  const code = "code" in root && typeof root.code === "string" ? root.code : undefined;
  const broker = "broker" in root && typeof root.broker === "string" ? root.broker : undefined;
  const words = oneLine(root.message.replace(/^Connection error:\s*/, ""));
  const what = [code !== undefined && words.includes(code) ? undefined : code, words]
    .filter((part) => part !== undefined && part !== "")
    .join(" ");
  return broker === undefined || what.includes(broker) ? what : `${what} (${broker})`;
}

/** Puts what kafkajs threw into this package's terms. */
export function createKafkaError(doing: string, cause: unknown, code?: KafkaErrorCode): KafkaError {
  if (cause instanceof KafkaError) return cause;
  const found = code ?? (isRefusal(cause) ? "refused" : "unavailable");
  return new KafkaError(found, `${doing}: ${describeFailure(cause)}`, { cause });
}

function findRoot(error: unknown): unknown {
  let at = error;
  while (at instanceof Error && at.cause !== undefined) at = at.cause;
  return at;
}

function oneLine(words: string): string {
  return words.replaceAll(/\s+/g, " ").trim();
}
