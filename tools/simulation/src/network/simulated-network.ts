import type { Egress, EgressRequest, EgressResult } from "@postrider/kit-egress";
import type { Machine } from "../time/machine.ts";
import type { VirtualTime } from "../time/virtual-time.ts";
import type { Reaction, Receiver } from "./receiver.ts";

/** A request on the wire. */
export interface Sent {
  readonly machine: Machine;
  readonly eventId: string;
  readonly subscriptionId: string;
  /** The world's time, and the sender's wall clock; milliseconds since the epoch. */
  readonly atMs: number;
  readonly wallMs: number;
}

export interface NetworkObserver {
  readonly sent: (sent: Sent) => void;
  /** What the sender got to know; not told if its machine was dead by then. */
  readonly ended: (sent: Sent, result: EgressResult) => void;
  /** The receiver answered with a 2xx, whether or not anybody heard it. */
  readonly acknowledged: (sent: Sent) => void;
}

export interface NetworkOptions {
  readonly time: VirtualTime;
  /** By subscription. */
  readonly receivers: ReadonlyMap<string, Pick<Receiver, "react">>;
  readonly observer: NetworkObserver;
}

/** The internet: receivers, and the way to them. */
export class SimulatedNetwork {
  readonly #options: NetworkOptions;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  connect(machine: Machine): Pick<Egress, "send"> {
    return { send: async (request) => this.#send(request, machine) };
  }

  async #send(request: EgressRequest, machine: Machine): Promise<EgressResult> {
    const { time, receivers, observer } = this.#options;
    const subscriptionId = subscriptionOf(request.url);
    const eventId = request.headers["webhook-id"] ?? "";
    const sent = { machine, eventId, subscriptionId, atMs: time.nowMs, wallMs: machine.clock.nowMs() };
    void machine.pass();
    if (!machine.isAlive) return new Promise<never>(() => undefined);
    observer.sent(sent);
    const reaction = receivers.get(subscriptionId)?.react(time.nowMs, request.timeoutMs) ?? { kind: "silence" };
    if (isAcknowledgement(reaction, request.timeoutMs)) observer.acknowledged(sent);
    const { result, afterMs } = toResult(reaction, request.timeoutMs);
    await machine.wait(afterMs);
    await machine.pass();
    observer.ended(sent, result);
    return result;
  }
}

/** Where a subscription's receiver is. */
export function callbackUrlOf(subscriptionId: string): string {
  return `https://${subscriptionId}.example/hook`;
}

function subscriptionOf(url: string): string {
  return url.slice("https://".length, url.indexOf("."));
}

function isAcknowledgement(reaction: Reaction, timeoutMs: number): boolean {
  return reaction.kind === "answer" && reaction.status < 300 && reaction.afterMs < timeoutMs;
}

function toResult(reaction: Reaction, timeoutMs: number): { readonly result: EgressResult; readonly afterMs: number } {
  const afterMs = reaction.kind === "silence" ? timeoutMs : Math.min(reaction.afterMs, timeoutMs);
  const durationUs = Math.round(afterMs * 1000);
  if (reaction.kind === "silence" || reaction.afterMs >= timeoutMs) {
    return { afterMs, result: { kind: "unreachable", reason: "timeout", message: "no answer in time", durationUs } };
  }
  if (reaction.kind === "failure") {
    return { afterMs, result: { kind: "unreachable", reason: reaction.reason, message: "as simulated", durationUs } };
  }
  const { status, retryAfter } = reaction;
  const named = retryAfter === undefined ? {} : { retryAfter };
  return {
    afterMs,
    result: { kind: "responded", status, ...named, body: new Uint8Array(), isTruncated: false, durationUs },
  };
}
