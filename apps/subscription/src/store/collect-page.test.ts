import { expect, test } from "vitest";
import { collectPage, type Page } from "./collect-page.ts";

/** Pages over documents of the sizes, by keys that sort as they stand. */
async function collect(sizes: readonly number[], pageSize: number, after = ""): Promise<Page> {
  const rows = sizes.map((size, index) => ({ key: String(index).padStart(4, "0"), document: "d".repeat(size) }));
  return await collectPage({
    pageSize,
    after,
    read: async (key, limit) => await Promise.resolve(rows.filter((row) => row.key > key).slice(0, limit)),
  });
}

test("a page has as many rows as were asked for, and tells where the next begins", async () => {
  const page = await collect(Array<number>(120).fill(1), 110);
  expect(page.rows).toHaveLength(110);
  expect(page.nextAfter).toBe("0109");
  const last = await collect(Array<number>(120).fill(1), 110, page.nextAfter);
  expect(last.rows.map(({ key }) => key)).toEqual(Array.from({ length: 10 }, (_, index) => `01${index + 10}`));
  expect(last.nextAfter).toBeUndefined();
});

test("a page that ends with the last row has no next one", async () => {
  expect((await collect([1, 1], 2)).nextAfter).toBeUndefined();
  expect(await collect([], 2)).toEqual({ rows: [], nextAfter: undefined });
});

test("large rows make a page shorter, but never empty", async () => {
  const mebibyte = 1024 * 1024;
  expect((await collect([mebibyte, mebibyte, 1], 10)).nextAfter).toBe("0001");
  expect((await collect([3 * mebibyte, 1], 10)).nextAfter).toBe("0000");
});
