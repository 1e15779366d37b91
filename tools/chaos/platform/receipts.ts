// Reads a test's receiver by events.
import type { ReceivedRequest, Receiver } from "@postrider/testing";

/** The event's id, which every attempt of it carries. */
export function eventIdOf({ headers }: Pick<ReceivedRequest, "headers">): string {
  return String(headers["webhook-id"]);
}

/** How often each event came, in the order of the first time. */
export function countReceipts(receiver: Pick<Receiver, "requests">): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const request of receiver.requests) {
    const id = eventIdOf(request);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/** Resolves when each of these events came at least once. @throws Error that names some that did not */
export async function untilReceived(receiver: Receiver, ids: readonly string[], deadlineMs = 30_000): Promise<void> {
  const missing = new Set(ids);
  let seen = 0;
  const look = (requests: readonly ReceivedRequest[]): boolean => {
    for (; seen < requests.length; seen++) {
      const request = requests[seen];
      if (request) missing.delete(eventIdOf(request));
    }
    return missing.size === 0;
  };
  try {
    await receiver.waitFor(look, deadlineMs);
  } catch (error) {
    const some = [...missing].slice(0, 5).join(", ");
    throw new Error(`${missing.size} of ${ids.length} events did not come within ${deadlineMs} ms: ${some}`, {
      cause: error,
    });
  }
}
