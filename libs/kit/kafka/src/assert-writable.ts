import { appendNothing, type AppendNothingDeps } from "./append-nothing.ts";
import { KafkaError } from "./kafka.ts";

/**
 * Whether this client may append to these topics, without appending anything.
 * @throws {KafkaError} setup, naming the topics; unavailable
 */
export async function assertWritable(topics: readonly string[], deps: AppendNothingDeps): Promise<void> {
  const answers = await Promise.all(topics.map(async (topic) => appendNothing(topic, deps)));
  const refused = topics.filter((_, index) => answers[index]?.has("TOPIC_AUTHORIZATION_FAILED"));
  if (refused.length === 0) return;
  const acl = "kafka-acls --add --allow-principal User:<ours> --operation Read --operation Write --topic <each>";
  throw new KafkaError("setup", `no right to write to ${refused.join(", ")}: grant it (${acl})`);
}
