import type { Random } from "@postrider/kit-lifecycle";

/**
 * Makes W3C Trace Context headers: a trace of its own for each attempt, not sampled, so that receivers learn nothing of
 * the platform's traces, nor, as from a counter, of its traffic. Half of the trace id is drawn for the process, half for
 * the attempt; the latter is its span's id too.
 */
export function createTraceparents(random: Random): () => string {
  // From 1: an id of zeros is no id.
  const draw = (): string => (1 + Math.floor(random() * 0xffff_ffff)).toString(16).padStart(8, "0");
  const process = `${draw()}${draw()}`;
  return () => {
    const attempt = `${draw()}${draw()}`;
    return `00-${process}${attempt}-${attempt}-00`;
  };
}
