export { call, type CallSettings } from "./call.ts";
export { encodeServiceError, encodeStatus, readErrorDetails, type ErrorDetails } from "./error-details.ts";
export { RpcError, type FieldViolation, type RpcErrorCode, type RpcErrorOptions } from "./rpc-error.ts";
export { startRpcServer, type RpcServer, type RpcServerOptions, type RpcService } from "./rpc-server.ts";
export { unary } from "./unary.ts";
export { reportUnexpected, UNEXPECTED_CHANNEL, type UnexpectedError } from "./unexpected.ts";
