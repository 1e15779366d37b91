export { decodeDoneSet, encodeDoneSet, type Run, type WindowPosition } from "./done-set.ts";
export { PartitionWindow, type PartitionWindowOptions } from "./partition-window.ts";
export { RecentIds } from "./recent-ids.ts";
