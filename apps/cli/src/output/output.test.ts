import { expect, test } from "vitest";
import { enumName } from "./enum-name.ts";
import { toPrintable } from "./printable.ts";
import { formatFields, formatTable } from "./table.ts";

test("a table aligns its columns and draws no lines", () => {
  expect(
    formatTable(
      ["name", "version"],
      [
        ["order_paid", "1"],
        ["a", "12"],
      ],
    ),
  ).toBe("NAME        VERSION\norder_paid  1\na           12\n");
});

test("fields without a value are left out", () => {
  expect(
    formatFields([
      ["id", "sub_1"],
      ["description", ""],
      ["state", "ACTIVE"],
    ]),
  ).toBe("id     sub_1\nstate  ACTIVE\n");
});

test("text from elsewhere can't move the cursor", () => {
  expect(toPrintable("a\u001b[2Jb\r\u009bc\n\td")).toBe("a\\u001b[2Jb\\u000d\\u009bc\n\td");
});

test("an enum's value that is newer than this client is still shown", () => {
  const values = { STATE_ACTIVE: 1 };
  expect([enumName(values, 1, "STATE_"), enumName(values, 7, "STATE_")]).toEqual(["ACTIVE", "UNKNOWN_7"]);
});
