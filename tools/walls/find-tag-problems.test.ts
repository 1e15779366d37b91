import { describe, expect, test } from "vitest";
import { findTagProblems } from "./find-tag-problems.ts";
import type { Manifest } from "./workspace.ts";

const sound: Manifest = {
  name: "@postrider/kit-rpc",
  private: true,
  type: "module",
  exports: { ".": "./src/index.ts" },
  nx: { tags: ["type:kit", "scope:shared"], targets: { lint: {}, typecheck: {} } },
};

function problemsOf(folder: string, change: Partial<Manifest> = {}): readonly string[] {
  return findTagProblems([{ folder, manifest: { ...sound, ...change } }], []);
}

describe("tags and paths", () => {
  test("a package that is what its folder says passes", () => {
    expect(problemsOf("libs/kit/rpc")).toEqual([]);
  });

  test.each([
    { folder: "libs/domain/rpc", name: "@postrider/domain-rpc", tags: ["type:domain", "scope:shared"] },
    { folder: "libs/records", name: "@postrider/records", tags: ["type:records", "scope:shared"] },
    { folder: "libs/testing", name: "@postrider/testing", tags: ["type:testing", "scope:shared"] },
    { folder: "apps/ingest", name: "@postrider/ingest", tags: ["type:app", "scope:ingest"] },
    { folder: "apps/standalone", name: "@postrider/standalone", tags: ["type:composite", "scope:standalone"] },
    { folder: "tools", name: "@postrider/tools", tags: ["type:tool", "scope:shared"] },
    { folder: "examples", name: "@postrider/examples", tags: ["type:example", "scope:shared"] },
  ])("$folder demands $name with $tags", ({ folder, name, tags }) => {
    expect(problemsOf(folder, { name, nx: { tags, targets: { lint: {}, typecheck: {} } } })).toEqual([]);
    expect(problemsOf(folder)).not.toEqual([]);
  });

  test.each(["libs/kit", "libs/util/strings", "libs/common", "apps", "services/ingest", "libs/kit/rpc/deeper"])(
    "a package in %s is refused: no rule knows the folder",
    (folder) => {
      expect(problemsOf(folder).join()).toContain("no rule for this folder");
    },
  );

  test("an untagged package is refused", () => {
    expect(problemsOf("libs/kit/rpc", { nx: { targets: { lint: {}, typecheck: {} } } }).join()).toContain("nx.tags");
  });

  test("a package that opens its insides is refused", () => {
    expect(problemsOf("libs/kit/rpc", { exports: { "./*": "./src/*.ts" } })).toHaveLength(1);
    expect(problemsOf("libs/kit/rpc", { exports: "./src/index.ts" })).toHaveLength(1);
  });

  test("a package without a lint target is refused: nx would skip it", () => {
    expect(
      problemsOf("libs/kit/rpc", { nx: { tags: ["type:kit", "scope:shared"], targets: { typecheck: {} } } }),
    ).toEqual(['libs/kit/rpc/package.json: nx.targets lacks "lint": {}, so nx would skip this package']);
  });

  test("a source file outside of every package is refused", () => {
    const problems = findTagProblems(
      [{ folder: "libs/kit/rpc", manifest: sound }],
      ["libs/kit/rpc-extra/src/index.ts"],
    );
    expect(problems).toEqual(["libs/kit/rpc-extra/src/index.ts: belongs to no package, so no wall guards it"]);
  });
});
