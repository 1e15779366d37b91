import type { ListedEventType } from "./event-type.ts";

const STRING = { type: "string" };
const TIME = { type: "string", format: "date-time" };
const COUNT = { type: "integer", minimum: 1 };

const subscription = { subscription_id: STRING, callback_url: STRING };
const exampleOf = { subscription_id: "sub_01hzy3v7k2a9x0m4c8w6t5r1qp", callback_url: "https://shop.example/hooks" };
const streak = { since: TIME, failures: COUNT };
const exampleStreak = { since: "2030-01-31T12:00:00.000Z", failures: 212 };

interface Described {
  readonly name: string;
  readonly description: string;
  readonly properties: object;
  /** Of the properties, those that are not always there. */
  readonly optional?: readonly string[];
  readonly example: object;
}

const DESCRIBED: readonly Described[] = [
  {
    name: "postrider.subscription.disabled",
    description:
      "A subscription gets no more deliveries until it is resumed: its endpoint is gone, or did nothing but fail for days.",
    properties: { ...subscription, reason: STRING, ...streak },
    optional: ["since", "failures"],
    example: {
      ...exampleOf,
      reason: "nothing but failures since 2030-01-31T12:00:00.000Z: at least 212 attempts",
      ...exampleStreak,
    },
  },
  {
    name: "postrider.subscription.failing",
    description:
      "All attempts at a subscription's endpoint have failed for hours. If that goes on it is disabled, after disable_time.",
    properties: { ...subscription, ...streak, disable_time: TIME },
    example: { ...exampleOf, ...exampleStreak, disable_time: "2030-02-05T13:00:00.000Z" },
  },
  {
    name: "postrider.subscription.recovered",
    description: "An endpoint that was failing does well again.",
    properties: { ...subscription, ...streak, recover_time: TIME },
    example: { ...exampleOf, ...exampleStreak, recover_time: "2030-02-01T08:30:00.000Z" },
  },
];

/** What Postrider itself tells tenants. Part of the catalog of every platform; nobody can change them. By name. */
export const OPERATIONAL_TYPES: readonly ListedEventType[] = DESCRIBED.map(describe);

function describe({ name, description, properties, optional = [], example }: Described): ListedEventType {
  const required = Object.keys(properties).filter((property) => !optional.includes(property));
  return {
    ...{ kind: "current", name, version: 1, createdAtMs: 0, updatedAtMs: 0 },
    content: {
      description,
      // Fields may be added.
      schema: JSON.stringify({ type: "object", properties, required }),
      examples: [{ name: "typical", data: JSON.stringify(example) }],
      acknowledgement: "",
    },
  };
}

/** Undefined when Postrider has none of that name. */
export function findOperationalType(name: string): ListedEventType | undefined {
  return OPERATIONAL_TYPES.find((each) => each.name === name);
}
