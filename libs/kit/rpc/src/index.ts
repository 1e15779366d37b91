export { callerOf, openDoor, type Caller, type Doorkeeper, type IncomingCall, type MethodAccess } from "./access.ts";
export { call, type CallSettings } from "./call.ts";
export { callStream, LateMessage, type CallStreamSettings } from "./call-stream.ts";
export { callWatch, type CallWatchOptions } from "./call-watch.ts";
export { channelOf, interceptorsOf, type RpcCredentials } from "./call-credentials.ts";
export { endAsClosing, onServerClosing } from "./closing-server.ts";
export { connectRpc, type ConnectRpcOptions, type RpcConnection } from "./connect-rpc.ts";
export { encodeServiceError, encodeStatus, readErrorDetails, type ErrorDetails } from "./error-details.ts";
export { isLoopbackAddress } from "./is-loopback-address.ts";
export { decodePage, encodePageToken, type PageAsked } from "./page-tokens.ts";
export { RpcError, type FieldViolation, type RpcErrorCode, type RpcErrorOptions } from "./rpc-error.ts";
export { startRpcServer, type RpcServer, type RpcServerOptions, type RpcService } from "./rpc-server.ts";
export { serverStream, type Produce } from "./server-stream.ts";
export { unary, unaryForCaller } from "./unary.ts";
export { reportUnexpected, UNEXPECTED_CHANNEL, type UnexpectedError } from "./unexpected.ts";
export {
  assertUsable,
  createClientCredentials,
  createFixedClientCredentials,
  createServerCredentials,
  type Certificates,
  type CertificateSource,
  type ClientCertificates,
} from "./transport.ts";
