import Table from "cli-table3";
import { toPrintable } from "./printable.ts";

const NO_LINES = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
} as const;

/** Rows under their headings, columns aligned, no lines and no colours: easy to read and to cut. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  return format([headings.map((heading) => heading.toUpperCase()), ...rows]);
}

/** One thing: a line per field. */
export function formatFields(fields: readonly (readonly [name: string, value: string])[]): string {
  return format(fields.filter(([, value]) => value !== ""));
}

function format(rows: readonly (readonly string[])[]): string {
  const table = new Table({ chars: NO_LINES, style: { "padding-left": 0, "padding-right": 0, head: [], border: [] } });
  for (const row of rows) table.push(row.map(toPrintable));
  return `${table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")}\n`;
}
