export { describeNotices, type DescribeNoticesOptions } from "./notices.ts";
export {
  createWatchedCache,
  WatchGap,
  type WatchedCache,
  type WatchedCacheNotice,
  type WatchedCacheOptions,
  type WatchedCacheState,
  type WatchedChange,
} from "./watched-cache.ts";
