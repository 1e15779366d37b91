import { DeferredError, type DeferredTask, type RunDeferredOptions } from "./deferred.ts";

/** @throws {DeferredError} refused */
export function assertDueTime({ key, dueAtMs }: DeferredTask): void {
  if (Number.isSafeInteger(dueAtMs)) return;
  const wanted = "it must be whole milliseconds since the epoch";
  throw new DeferredError("refused", `task of key ${key}: dueAtMs is ${dueAtMs}, ${wanted}`);
}

/** @throws {DeferredError} refused */
export function assertMaxInFlight({ maxInFlight }: RunDeferredOptions): void {
  if (maxInFlight >= 1) return;
  throw new DeferredError("refused", `deferred tasks: maxInFlight is ${maxInFlight}, it must be 1 or more`);
}
