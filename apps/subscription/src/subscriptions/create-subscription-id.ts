import { createSortableId } from "../store/sortable-id.ts";

/** `sub_` and 26 characters that sort by time: see {@link createSortableId}. */
export function createSubscriptionId(nowMs: number, randomBytes: (count: number) => Uint8Array): string {
  return createSortableId("sub", nowMs, randomBytes);
}
