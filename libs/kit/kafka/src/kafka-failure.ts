import { KafkaError, type KafkaErrorCode } from "./kafka.ts";

/**
 * What can't work as it was asked, by the names of Kafka's protocol: `refused` because of the request itself, `setup`
 * because of topics, settings or rights, so that nothing like it works until somebody changes them. What is not here may
 * pass.
 */
const CODES: ReadonlyMap<string, KafkaErrorCode> = new Map([
  ["MESSAGE_TOO_LARGE", "refused"],
  ["RECORD_LIST_TOO_LARGE", "refused"],
  ["INVALID_RECORD", "refused"],
  ["INVALID_TIMESTAMP", "refused"],
  ["UNSUPPORTED_FOR_MESSAGE_FORMAT", "refused"],
  ["OFFSET_METADATA_TOO_LARGE", "refused"],
  ["INVALID_TOPIC_EXCEPTION", "setup"],
  ["POLICY_VIOLATION", "setup"],
  ["TOPIC_AUTHORIZATION_FAILED", "setup"],
  ["GROUP_AUTHORIZATION_FAILED", "setup"],
  ["CLUSTER_AUTHORIZATION_FAILED", "setup"],
  ["INVALID_GROUP_ID", "setup"],
  ["INVALID_SESSION_TIMEOUT", "setup"],
  ["INCONSISTENT_GROUP_PROTOCOL", "setup"],
]);

/** May pass, when a broker has just started: whoever makes an error of it has tried for long enough. */
const UNKNOWN_TOPIC = "UNKNOWN_TOPIC_OR_PARTITION";

/** The member's generation is over: what it wants to commit may be somebody else's by now. */
const LOST_GENERATION = new Set([
  "ILLEGAL_GENERATION",
  "UNKNOWN_MEMBER_ID",
  "REBALANCE_IN_PROGRESS",
  "FENCED_INSTANCE_ID",
]);

/** Kafka's name for what went wrong, if it was Kafka that said so; of the innermost cause. */
export function findProtocolError(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ("type" in at && typeof at.type === "string") return at.type;
  }
  return undefined;
}

/** Whether another try is of no use. */
export function isFinal(error: unknown): boolean {
  return CODES.has(findProtocolError(error) ?? "");
}

/** Whether another try is of no use because of topics, settings or rights. */
export function isSetup(error: unknown): boolean {
  return CODES.get(findProtocolError(error) ?? "") === "setup";
}

export function isUnknownTopic(error: unknown): boolean {
  return findProtocolError(error) === UNKNOWN_TOPIC;
}

export function isLostGeneration(error: unknown): boolean {
  return LOST_GENERATION.has(findProtocolError(error) ?? "");
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
export function createKafkaError(doing: string, cause: unknown): KafkaError {
  if (cause instanceof KafkaError) return cause;
  return new KafkaError(findCode(cause), `${doing}: ${describeFailure(cause)}`, { cause });
}

function findCode(error: unknown): KafkaErrorCode {
  const type = findProtocolError(error) ?? "";
  return type === UNKNOWN_TOPIC ? "setup" : (CODES.get(type) ?? "unavailable");
}

function findRoot(error: unknown): unknown {
  let at = error;
  while (at instanceof Error && at.cause !== undefined) at = at.cause;
  return at;
}

function oneLine(words: string): string {
  return words.replaceAll(/\s+/g, " ").trim();
}
