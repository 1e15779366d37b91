import { expect, test } from "vitest";
import { parseSettings, usage } from "./settings.ts";

test("reads what decides a run", () => {
  expect(parseSettings(["--seed", "7", "--hours", "12", "--runs", "3", "--plant", "limitless"])).toEqual({
    ...{ seed: 7, hours: 12, runs: 3, plant: "limitless", traced: undefined },
  });
  expect(parseSettings(["--trace", "e12/t1-s2"])?.traced).toEqual({ eventId: "e12", subscriptionId: "t1-s2" });
  expect(parseSettings(["--trace", "e12"])?.traced).toEqual({ eventId: "e12" });
});

test("draws a seed where none is given, and runs a day", () => {
  const settings = parseSettings([]);
  expect(settings).toMatchObject({ hours: 24, runs: 1, plant: undefined });
  expect(Number.isSafeInteger(settings?.seed)).toBe(true);
});

test.each([
  ["--seed", "x", '--seed is "x"; it must be a whole number from 0 to 2147483647'],
  ["--hours", "0", '--hours is "0"; it must be a whole number from 1 to 10000'],
  ["--plant", "rose", '--plant is "rose"; it takes forgetful-window'],
])("says what is wrong with %s %s", (flag, value, words) => {
  expect(() => parseSettings([flag, value])).toThrow(words);
});

test("help is wanted, and names every option", () => {
  expect(parseSettings(["--help"])).toBeUndefined();
  for (const flag of ["seed", "hours", "runs", "trace", "plant"]) expect(usage).toContain(`--${flag}`);
});
