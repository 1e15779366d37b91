import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { POLICY, type PolicyRow } from "./policy.ts";

const DOCUMENT = new URL("../../../../docs/delivery-policy.md", import.meta.url);
const FIRST_CELL = "the attempt";

function cellsOf(row: PolicyRow): readonly string[] {
  const verdicts = {
    delivered: "delivered",
    retry: row.isSlow ? "retry on the slow half" : "retry",
    gone: "dead (`gone`)",
    refused: "dead (`refused`)",
  };
  const cells = [row.result, verdicts[row.verdict], `\`${row.endpoint}\``];
  return [...cells, row.holdsBack ? "all that goes there" : "", row.disables ? "is disabled" : ""];
}

/** The cells of the first table whose head begins so, without its head. */
function readTable(text: string): readonly (readonly string[])[] {
  const lines = text.split("\n");
  const head = lines.findIndex((line) => line.startsWith(`| ${FIRST_CELL}`));
  const length = lines.slice(head).findIndex((line) => !line.startsWith("|"));
  const cells = (line: string): readonly string[] => line.split("|").map((cell) => cell.trim());
  return lines.slice(head + 2, head + length).map((line) => cells(line).slice(1, -1));
}

test("the documentation shows the policy as it is, row for row", async () => {
  const table = readTable(await readFile(DOCUMENT, "utf8"));
  expect(table).toEqual(Object.values(POLICY).map(cellsOf));
});
