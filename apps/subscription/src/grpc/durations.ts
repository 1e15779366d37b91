import type { Duration } from "@postrider/contracts/google/protobuf/duration";

/** In whole milliseconds, rounded: nothing here is timed more exactly. */
export function decodeDurationMs({ seconds, nanos }: Duration): number {
  return Number(seconds) * 1000 + Math.round(nanos / 1e6);
}

/** @param valueMs whole milliseconds, not negative */
export function encodeDuration(valueMs: number): Duration {
  return { seconds: BigInt(Math.floor(valueMs / 1000)), nanos: (valueMs % 1000) * 1e6 };
}
