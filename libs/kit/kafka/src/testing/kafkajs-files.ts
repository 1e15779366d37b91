import { createRequire } from "node:module";
import { loadKafkajs } from "../load-kafkajs.ts";

const require = createRequire(import.meta.url);

/** A file of kafkajs as this package uses it: with every mend that `loadKafkajs` makes. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- kafkajs's files have no types: the caller says what it expects.
export function requireMended<T>(id: string): T {
  loadKafkajs();
  return require(`kafkajs/src/${id}`) as T;
}

/**
 * The same file as kafkajs has it, to show the fault: loaded a second time, apart from the one that everybody uses. What
 * it requires in turn is shared.
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as above.
export function requireUnmended<T>(id: string): T {
  const path = require.resolve(`kafkajs/src/${id}`);
  const known = require.cache[path];
  require.cache[path] = undefined;
  try {
    return require(path) as T;
  } finally {
    require.cache[path] = known;
  }
}
