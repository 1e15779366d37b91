export { startConnectProxy, type ConnectProxy, type ReceivedConnect, type Route } from "./connect-proxy.ts";
export type { DnsRecord, DnsReply } from "./dns-message.ts";
export { startDnsServer, type AskedQuestion, type DnsScript, type DnsServer } from "./dns-server.ts";
export { FakeClock } from "./fake-clock.ts";
export { startHostileReceiver, type HostileKind, type HostileReceiver } from "./hostile-receiver.ts";
export {
  startHostileTlsReceiver,
  startOldTlsReceiver,
  type HostileTlsKind,
  type HostileTlsReceiver,
} from "./hostile-tls-receiver.ts";
export {
  startReceiver,
  type Answer,
  type AnswerHandler,
  type ReceivedRequest,
  type Receiver,
  type ReceiverOptions,
} from "./receiver.ts";
export { createSelfSignedCertificate, type SelfSignedCertificate } from "./self-signed-certificate.ts";
export { createTestAuthority, type TestAuthority } from "./test-authority.ts";
export { listenOnLoopback, trackSockets, type TrackedSockets } from "./track-sockets.ts";
export { createWatchers, DEFAULT_DEADLINE_MS, deferredPromise, type Deferred, type Watchers } from "./wait-for.ts";
export { findStack, type Stack } from "./stack.ts";
export { watchProcess, type Exit, type WatchedProcess, type WatchProcessOptions } from "./watched-process.ts";
