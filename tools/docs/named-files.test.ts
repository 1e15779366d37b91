// A proof that is named and not there proves nothing.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../walls/workspace.ts";

const PAGES = [
  "README.md",
  "SECURITY.md",
  "CONTRIBUTING.md",
  "ARCHITECTURE.md",
  "docs/security.md",
  "docs/simulation.md",
];

test.each(PAGES)("%s names files that are there", (page) => {
  const text = readFileSync(join(root, page), "utf8");
  const paths = [...text.matchAll(/`((?:apps|libs|tools|proto|docs|examples|deploy)\/[\w./-]+)`/g)].map(
    (match) => match[1],
  );
  const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((match) => match[1]);
  const missing = [
    ...paths.filter((path) => path !== undefined && !existsSync(join(root, path))),
    ...links.filter((link) => link !== undefined && !existsSync(join(root, dirname(page), link))),
  ];
  expect(missing).toEqual([]);
});
