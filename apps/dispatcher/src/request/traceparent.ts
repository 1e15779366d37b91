import type { Random } from "@postrider/kit-lifecycle";

/**
 * Makes W3C Trace Context headers: a trace of its own for each attempt, not sampled, so that receivers learn nothing of
 * the platform's traces, nor, as from a counter, of its traffic. Half of the trace id is drawn for the process, half for
 * the attempt; the latter is its span's id too.
 */
export function createTraceparents(random: Random): () => string {
  const id = Buffer.alloc(8);
  const draw = (): string => {
    // From 1: an id of zeros is no id.
    id.writeUInt32BE(1 + Math.floor(random() * 0xffff_ffff), 0);
    id.writeUInt32BE(1 + Math.floor(random() * 0xffff_ffff), 4);
    return id.toString("hex");
  };
  const process = draw();
  return () => {
    const attempt = draw();
    return `00-${process}${attempt}-${attempt}-00`;
  };
}
