export { createDispatcher, type DispatcherDeps, type ProcessDeps } from "./create-dispatcher.ts";
export type { Subscriptions } from "./subscriptions.ts";
