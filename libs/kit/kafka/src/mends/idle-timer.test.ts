import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { requireMended, requireUnmended } from "../testing/kafkajs-files.ts";
import type { RequestQueue } from "./idle-timer.ts";

interface TestedQueue extends RequestQueue {
  readonly maybeThrottle: (ms: number) => void;
  readonly push: (request: { entry: object; expectResponse: boolean; sendRequest: () => void }) => void;
  readonly fulfillRequest: (response: { correlationId: number; payload: Buffer; size: number }) => void;
}

type QueueClass = new (options: object) => TestedQueue;

const quiet = { debug: () => undefined, warn: () => undefined };

/** A connection's queue after its first request was answered. */
function createAnsweredQueue(Queue: QueueClass): TestedQueue {
  const queue = new Queue({
    requestTimeout: 1000,
    enforceRequestTimeout: false,
    clientId: "",
    broker: "",
    logger: quiet,
  });
  push(queue, 1, () => undefined);
  queue.fulfillRequest({ correlationId: 1, payload: Buffer.alloc(0), size: 0 });
  return queue;
}

function push(queue: TestedQueue, correlationId: number, sendRequest: () => void): void {
  const entry = { correlationId, resolve: () => undefined, reject: () => undefined };
  queue.push({ entry, expectResponse: true, sendRequest });
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a connection without pending requests", () => {
  test("the fault: checks for them, again and again", () => {
    createAnsweredQueue(requireUnmended("network/requestQueue"));
    for (let turn = 0; turn < 3; turn++) {
      expect(vi.getTimerCount()).toBe(1);
      vi.runOnlyPendingTimers();
    }
    expect(vi.getTimerCount()).toBe(1);
  });

  test("mended: has no timer", () => {
    createAnsweredQueue(requireMended("network/requestQueue"));
    expect(vi.getTimerCount()).toBe(0);
  });

  test("mended: still sends what waits for the broker's throttle to end, and then has none", () => {
    const queue = createAnsweredQueue(requireMended("network/requestQueue"));
    queue.maybeThrottle(40);
    const sendRequest = vi.fn();
    push(queue, 2, sendRequest);
    expect(sendRequest).not.toHaveBeenCalled();
    vi.advanceTimersByTime(41);
    expect(sendRequest).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });
});
