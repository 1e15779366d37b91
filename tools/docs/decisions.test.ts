import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../walls/workspace.ts";

const FOLDER = join(root, "docs", "decisions");

test("decisions are numbered one after the other, each by one number, in name and title", () => {
  const names = readdirSync(FOLDER).toSorted();
  const numbers = names.map((name) => Number(name.slice(0, 4)));
  expect(numbers).toEqual(names.map((_, index) => index + 1));
  const titled = names.map((name) => Number(/^# (\d+)\. /.exec(readFileSync(join(FOLDER, name), "utf8"))?.[1]));
  expect(titled).toEqual(numbers);
});
