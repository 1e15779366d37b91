import type { Clock } from "@postrider/kit-lifecycle";
import type { WatchedCacheNotice } from "./watched-cache-options.ts";

/** The least time between two lines of a kind: one outage makes thousands of lookups fail, and a try to watch each second. */
const SPACING_MS: Readonly<Record<WatchedCacheNotice["kind"], number>> = {
  watch_began: 0,
  watch_broke: 10_000,
  all_forgotten: 0,
  load_failed: 1000,
};

export interface DescribeNoticesOptions {
  /** What is cached, such as "subscriptions". */
  readonly what: string;
  readonly clock: Clock;
  readonly logger: Readonly<Record<"info" | "warn", (facts: object, message: string) => void>>;
}

/** Makes log lines of notices, few enough to read: `suppressed` tells how many of the kind were left out since the last. */
export function describeNotices({ what, clock, logger }: DescribeNoticesOptions): (notice: WatchedCacheNotice) => void {
  const lines = new Map<WatchedCacheNotice["kind"], { atMs: number; suppressed: number }>();
  return (notice) => {
    // A break after a watch is news, however short the watch was.
    if (notice.kind === "watch_began") lines.delete("watch_broke");
    const line = lines.get(notice.kind);
    if (line && clock.nowMs() - line.atMs < SPACING_MS[notice.kind]) {
      line.suppressed += 1;
      return;
    }
    lines.set(notice.kind, { atMs: clock.nowMs(), suppressed: 0 });
    const { level, facts, message } = describe(notice, what);
    logger[level](line && line.suppressed > 0 ? { ...facts, suppressed: line.suppressed } : facts, message);
  };
}

interface Line {
  readonly level: "info" | "warn";
  readonly facts: object;
  readonly message: string;
}

function describe(notice: WatchedCacheNotice, what: string): Line {
  switch (notice.kind) {
    case "watch_began":
      return { level: "info", facts: { revision: String(notice.revision) }, message: `changes of ${what} are watched` };
    case "watch_broke":
      return {
        level: "warn",
        facts: { err: notice.error },
        message: `changes of ${what} can't be watched now; those that are known are used as they were`,
      };
    case "all_forgotten": {
      const facts = { known_revision: String(notice.knownRevision), revision: String(notice.revision) };
      return {
        level: "warn",
        facts,
        message: `the revision of ${what} went back; all that was known is asked for again`,
      };
    }
    case "load_failed": {
      const { scope, key, error } = notice;
      return {
        level: "warn",
        facts: { scope, key, err: error },
        message: `a lookup of ${what} failed; what needs it waits`,
      };
    }
  }
}
