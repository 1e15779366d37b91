import { mkdtemp, rm, symlink, rename, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@postrider/kit-lifecycle";
import { createWatchers } from "@postrider/testing";
import { expect, onTestFinished, test } from "vitest";
import { openWatchedFiles, type WatchedFiles, type WatchedFilesNotice } from "./index.ts";

const KB = 1024;

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "watched-file-"));
  onTestFinished(async () => rm(folder, { recursive: true }));
  return folder;
}

interface Opened {
  readonly files: WatchedFiles<string>;
  readonly notices: WatchedFilesNotice["kind"][];
  readonly until: (isMet: () => boolean) => Promise<void>;
}

/** The texts of the files, joined; a text with "bad" in it is refused. */
async function openTexts(...paths: readonly string[]): Promise<Opened> {
  const watchers = createWatchers();
  const notices: WatchedFilesNotice["kind"][] = [];
  const files = await openWatchedFiles({
    paths,
    maxBytes: KB,
    clock: systemClock,
    intervalMs: 10,
    parse: (contents) => {
      const text = contents.join("+");
      if (text.includes("bad")) throw new Error("it is bad");
      return text;
    },
    onNotice: ({ kind }) => {
      notices.push(kind);
      watchers.changed();
    },
  });
  const stopping = new AbortController();
  const run = files.run(stopping.signal);
  onTestFinished(async () => {
    stopping.abort();
    await run;
  });
  const until = async (isMet: () => boolean): Promise<void> =>
    watchers.waitUntil(isMet, () => `${files.current()}, told ${notices.join(", ")}`);
  return { files, notices, until };
}

test("has the value of the files, and the new one when one of them changes, which it tells", async () => {
  const folder = await createFolder();
  const paths = [join(folder, "a"), join(folder, "b")] as const;
  await writeFile(paths[0], "1");
  await writeFile(paths[1], "2");
  const { files, notices, until } = await openTexts(...paths);
  expect(files.current()).toBe("1+2");
  const told: string[] = [];
  files.onChanged((value) => told.push(value));
  await writeFile(paths[1], "3");
  await until(() => files.current() === "1+3" && notices.length > 0);
  expect(told).toEqual(["1+3"]);
});

test("sees what Kubernetes does to a Secret: the folder behind a link is exchanged", async () => {
  const folder = await createFolder();
  await writeFile(join(folder, "v1"), "1");
  await writeFile(join(folder, "v2"), "2");
  await symlink("v1", join(folder, "data"));
  const { files, until } = await openTexts(join(folder, "data"));
  await symlink("v2", join(folder, "data.new"));
  await rename(join(folder, "data.new"), join(folder, "data"));
  await until(() => files.current() === "2");
});

test("keeps the last value while the files can't be used, says so once, and goes on when they can", async () => {
  const path = join(await createFolder(), "a");
  await writeFile(path, "good");
  const { files, notices, until } = await openTexts(path);
  await writeFile(path, "bad");
  await until(() => notices.length === 1);
  await unlink(path);
  await until(() => notices.length === 2);
  expect(files.current()).toBe("good");
  await writeFile(path, "good");
  await until(() => notices.length === 3);
  await writeFile(path, "better");
  await until(() => notices.length === 4);
  expect(files.current()).toBe("better");
  expect(notices).toEqual(["unusable", "unusable", "reloaded", "reloaded"]);
});

test("does not open what can't be used, and names it", async () => {
  const folder = await createFolder();
  await expect(openTexts(join(folder, "absent"))).rejects.toThrow(`can't read ${join(folder, "absent")}: ENOENT`);
  await writeFile(join(folder, "a"), "bad");
  await expect(openTexts(join(folder, "a"))).rejects.toThrow("it is bad");
  await writeFile(join(folder, "a"), "x".repeat(KB + 1));
  await expect(openTexts(join(folder, "a"))).rejects.toThrow("more than the 1024 bytes");
  await expect(openTexts("/dev/zero")).rejects.toThrow("more than the 1024 bytes");
});
