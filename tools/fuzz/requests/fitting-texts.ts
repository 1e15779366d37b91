// Texts that get a request past the first checks, by the name of the field: what is absurd elsewhere in it is then reached.
import type { Chance } from "./chance.ts";
import { makeJson, makeSchema } from "./hostile-json.ts";

/** Things that exist on the platform. */
export interface Surroundings {
  readonly subscriptionIds: readonly string[];
  readonly eventTypes: readonly string[];
}

type Maker = (chance: Chance, surroundings: Surroundings) => string;

const eventType: Maker = (chance, { eventTypes }) => chance.pick(eventTypes);
const subscriptionId: Maker = (chance, { subscriptionIds }) => chance.pick(subscriptionIds);
const maskPaths: Maker = (chance) =>
  chance.pick([
    "description",
    "callback_url",
    "schema",
    "limits",
    "limits.timeout",
    "*",
    "secret",
    "a.b.c",
    "headers.x",
  ]);
const pageToken: Maker = (chance) => {
  const forged = [
    ["subscriptions of all", "sub_"],
    ["event types", "\ud800"],
    ["event types", "a\0"],
    {},
    [[]],
    null,
    1,
  ];
  const text = JSON.stringify(chance.pick<unknown>(forged));
  return chance.pick([Buffer.from(text).toString("base64url"), text, "AAAA", "=="]);
};

const BY_NAME: Readonly<Record<string, Maker>> = {
  id: subscriptionId,
  subscription_id: subscriptionId,
  name: eventType,
  type: eventType,
  event_type: eventType,
  event_types: (chance, around) => chance.pick(["*", "order.*", eventType(chance, around)]),
  // Other tenants than events are published for: what the fuzzer makes must not get the fuzzer's events.
  tenant_id: (chance) => chance.pick(["acme", "tenant_1", "tenant_2", "tenant_3"]),
  callback_url: (chance) => chance.pick(["http://127.0.0.1:9/a", "http://localhost:9/", "http://10.0.0.1/"]),
  content_type: (chance) => chance.pick(["application/json", "text/plain", "application/cloudevents+json"]),
  source: () => "fuzz",
  ordering_key: (chance) => chance.pick(["", "k", "\u{1f600}"]),
  reason: () => "because",
  schema: makeSchema,
  json_data: makeJson,
  binary_data: makeJson,
  data: makeJson,
  page_token: pageToken,
  paths: maskPaths,
  service: (chance) => chance.pick(["", "postrider.v1.IngestService", "nothing"]),
  file_by_filename: (chance) =>
    chance.pick(["postrider/v1/ingest.proto", "../../package.json", "google/protobuf/any.proto"]),
  file_containing_symbol: (chance) => chance.pick(["postrider.v1.Event", "postrider.v1.Event.id", ".", "a.b.c"]),
};

/** Undefined when nothing is known of fields of that name. */
export function makeFittingText(name: string, chance: Chance, surroundings: Surroundings): string | undefined {
  return BY_NAME[name]?.(chance, surroundings);
}
