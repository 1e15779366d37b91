export {
  openWatchedFiles,
  type WatchedFiles,
  type WatchedFilesNotice,
  type WatchedFilesOptions,
} from "./watched-files.ts";
