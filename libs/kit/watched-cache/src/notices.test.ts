import { FakeClock } from "@postrider/testing";
import { expect, test } from "vitest";
import { describeNotices } from "./notices.ts";
import type { WatchedCacheNotice } from "./watched-cache-options.ts";

test("an outage makes few lines, and those tell how many were left out", () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const write = (level: string) => (facts: object, message: string) =>
    void lines.push(`${level} ${message.slice(0, 26)} ${JSON.stringify(facts)}`);
  const tell = describeNotices({
    ...{ what: "things", clock },
    logger: { info: write("info"), warn: write("warn") },
  });
  const failed: WatchedCacheNotice = { kind: "load_failed", scope: "a", key: "x", error: "away" };
  tell({ kind: "watch_began", revision: 7n });
  for (let tenth = 0; tenth < 25; tenth += 1) {
    tell({ kind: "watch_broke", error: "lost" });
    tell(failed);
    clock.advance(100);
  }
  tell({ kind: "watch_began", revision: 9n });
  tell({ kind: "watch_broke", error: "lost" });
  expect(lines).toEqual([
    'info changes of things are watc {"revision":"7"}',
    'warn changes of things can\'t be {"err":"lost"}',
    'warn a lookup of things failed; {"scope":"a","key":"x","err":"away"}',
    'warn a lookup of things failed; {"scope":"a","key":"x","err":"away","suppressed":9}',
    'warn a lookup of things failed; {"scope":"a","key":"x","err":"away","suppressed":9}',
    'info changes of things are watc {"revision":"9"}',
    'warn changes of things can\'t be {"err":"lost"}',
  ]);
});
