export { describeNotices, type DescribeNoticesOptions } from "./notices.ts";
export { observeCache, type ObserveCacheOptions } from "./observe-cache.ts";
export {
  WatchGap,
  type WatchedCacheNotice,
  type WatchedCacheOptions,
  type WatchedChange,
} from "./watched-cache-options.ts";
export { createWatchedCache, type WatchedCache, type WatchedCacheState } from "./watched-cache.ts";
