import { createHash } from "node:crypto";
import { START_MS } from "../time/virtual-time.ts";

/** What a line of the trace is about; absent: about all. */
export interface Topic {
  readonly eventId?: string;
  readonly subscriptionId?: string;
}

/** Kept of one delivery's trace. */
const MAX_LINES = 60;

/**
 * Everything that happens, line by line: its hash tells two runs apart, and of one delivery the lines are kept, if they
 * are asked for.
 */
export class Trace {
  readonly #hash = createHash("sha256");
  readonly #wanted: Topic | undefined;
  readonly #lines: string[] = [];
  #pending = "";

  constructor(wanted?: Topic) {
    this.#wanted = wanted;
  }

  add(atMs: number, text: string, topic: Topic = {}): void {
    const { eventId = "", subscriptionId = "" } = topic;
    this.#pending += `${atMs.toFixed(3)} ${eventId} ${subscriptionId} ${text}\n`;
    if (this.#pending.length > 65_536) this.#flush();
    if (this.#wanted === undefined || !this.#isWanted(topic)) return;
    this.#lines.push(`${formatTime(atMs)}  ${text}`);
  }

  /** Of the delivery, with what concerns all just around it. */
  get lines(): readonly string[] {
    if (this.#lines.length <= MAX_LINES) return this.#lines;
    const half = MAX_LINES / 2;
    return [...this.#lines.slice(0, half), `… ${this.#lines.length - MAX_LINES} more …`, ...this.#lines.slice(-half)];
  }

  /** Of all until now; nothing may be added after. */
  digest(): string {
    this.#flush();
    return this.#hash.digest("hex").slice(0, 16);
  }

  #isWanted({ eventId, subscriptionId }: Topic): boolean {
    const isOf = (asked: string | undefined, told: string | undefined): boolean => asked === told || !told;
    return (
      eventId !== undefined &&
      isOf(this.#wanted?.eventId, eventId) &&
      isOf(this.#wanted?.subscriptionId, subscriptionId)
    );
  }

  #flush(): void {
    this.#hash.update(this.#pending);
    this.#pending = "";
  }
}

/** Days, hours, minutes and seconds since the world began. */
function formatTime(atMs: number): string {
  const ms = Math.round(atMs - START_MS);
  const [days, rest] = [Math.floor(ms / 86_400_000), ms % 86_400_000];
  return `${days}d ${new Date(rest).toISOString().slice(11, 23)}`;
}
