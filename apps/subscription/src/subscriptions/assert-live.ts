import { isLive, type LiveSubscription, type Subscription } from "@postrider/domain-subscription";

/** For the state after a command that leaves a live one behind. */
export function assertLive(state: Subscription): LiveSubscription {
  if (isLive(state)) return state;
  throw new Error(`a subscription is ${state.kind} after a command that keeps it`);
}
