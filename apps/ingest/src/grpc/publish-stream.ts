import type { ServerDuplexStream } from "@grpc/grpc-js";
import type {
  PublishResult,
  PublishStreamRequest,
  PublishStreamResponse,
} from "@postrider/contracts/postrider/v1/ingest";
import { callerOf, encodeStatus, endAsClosing, onServerClosing, reportUnexpected } from "@postrider/kit-rpc";
import type { CallerRates } from "../caller-rates.ts";
import { publish, type PublishDeps, type PublishItem } from "../publish.ts";
import { decodeFrom } from "./decode-event.ts";

/** Requests of one stream that may be unanswered; then no more are read, and HTTP/2 holds the producer back. */
const MAX_UNANSWERED = 1000;

type PublishCall = ServerDuplexStream<PublishStreamRequest, PublishStreamResponse>;

/**
 * Answers each request of the stream when its event is durable or refused; ends when the producer has ended, or when the
 * server closes: then nothing more is read, and what was read is answered before the stream ends with UNAVAILABLE. When
 * the caller's credentials end meanwhile, so does the stream, and what it still holds is neither taken nor answered.
 */
export function servePublishStream(call: PublishCall, deps: PublishDeps, rates: CallerRates): void {
  let unanswered = 0;
  let hasEnded = false;
  let isClosing = false;
  const caller = callerOf(call);

  function endWhenAnswered(): void {
    if (unanswered > 0 || call.writableEnded) return;
    if (hasEnded) call.end();
    else if (isClosing) endAsClosing(call);
  }

  async function answer({ sequence, event }: PublishStreamRequest): Promise<void> {
    const result = await publishOne(decodeFrom(caller, event, rates), call.getPath(), deps);
    unanswered -= 1;
    if (!call.cancelled && !call.writableEnded) call.write({ sequence, result });
    if (unanswered < MAX_UNANSWERED / 2 && !isClosing) call.resume();
    endWhenAnswered();
  }

  call.on("data", (request: PublishStreamRequest) => {
    if (call.writableEnded) return;
    unanswered += 1;
    if (unanswered >= MAX_UNANSWERED) call.pause();
    void answer(request);
  });
  call.on("end", () => {
    hasEnded = true;
    endWhenAnswered();
  });
  onServerClosing(call, () => {
    isClosing = true;
    call.pause();
    endWhenAnswered();
  });
  call.on("error", () => {
    // The producer is gone. What it sent is accepted or not as usual; there is nobody to tell.
  });
}

async function publishOne(item: PublishItem, method: string, deps: PublishDeps): Promise<PublishResult> {
  try {
    const response = await publish(item, deps);
    return { outcome: { $case: "accepted", value: response } };
  } catch (error) {
    reportUnexpected(error, method);
    return { outcome: { $case: "rejected", value: encodeStatus(error) } };
  }
}
