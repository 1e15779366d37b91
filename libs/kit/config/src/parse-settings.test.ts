import { expect, test } from "vitest";
import {
  addressSetting,
  choiceSetting,
  describeSettings,
  durationSetting,
  integerSetting,
  listSetting,
  parseSettings,
  SettingsError,
  textSetting,
} from "./index.ts";

const definitions = {
  address: addressSetting({ variable: "T_ADDRESS", fallback: "127.0.0.1:50051", doc: "Where it listens." }),
  folder: textSetting({ variable: "T_FOLDER", fallback: "./data", doc: "Where data is kept." }),
  count: integerSetting({ variable: "T_COUNT", fallback: "4", doc: "How many." }, { min: 1, max: 10 }),
  wait: durationSetting({ variable: "T_WAIT", fallback: "15s", doc: "How long." }, { minMs: 1000, maxMs: 60_000 }),
  ranges: listSetting({ variable: "T_RANGES", fallback: "", doc: "Which." }),
  level: choiceSetting({ variable: "T_LEVEL", fallback: "info", doc: "How much." }, ["info", "debug"]),
};

test("absent and empty variables take their defaults", () => {
  expect(parseSettings(definitions, { T_FOLDER: "" })).toEqual({
    address: "127.0.0.1:50051",
    folder: "./data",
    count: 4,
    wait: 15_000,
    ranges: [],
    level: "info",
  });
});

test("given texts are read with their units", () => {
  const environment = { T_ADDRESS: "[::1]:0", T_COUNT: "10", T_WAIT: "1m", T_RANGES: " a, b ", T_LEVEL: "debug" };
  expect(parseSettings(definitions, environment)).toMatchObject({
    address: "[::1]:0",
    count: 10,
    wait: 60_000,
    ranges: ["a", "b"],
    level: "debug",
  });
});

test("every wrong setting is named with its value and its bound", () => {
  const environment = { T_ADDRESS: "nowhere", T_COUNT: "11", T_WAIT: "15", T_LEVEL: "loud" };
  const parse = (): unknown => parseSettings(definitions, environment);
  expect(parse).toThrow(SettingsError);
  expect(parse).toThrow('T_ADDRESS="nowhere" should be host:port');
  expect(parse).toThrow('T_COUNT="11" should be a whole number from 1 to 10');
  expect(parse).toThrow('T_WAIT="15" should be a duration such as 15s, from 1000 ms to 60000 ms');
  expect(parse).toThrow('T_LEVEL="loud" should be one of info, debug');
});

test("the value of a secret setting is not repeated", () => {
  const secret = { ...definitions.count, isSecret: true };
  expect(() => parseSettings({ secret }, { T_COUNT: "hunter2" })).toThrow("T_COUNT=(secret) should be");
});

test("settings describe themselves as a table", () => {
  expect(describeSettings({ wait: definitions.wait })).toBe(
    "| variable | default | meaning |\n| --- | --- | --- |\n| `T_WAIT` | `15s` | How long. |\n",
  );
});
