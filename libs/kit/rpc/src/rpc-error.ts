import { status } from "@grpc/grpc-js";

/** What a call may fail with: gRPC's own words, as far as Postrider uses them. */
export type RpcErrorCode = keyof typeof CODES;

/** The one table between our codes and gRPC's numbers. */
const CODES = {
  invalid_argument: status.INVALID_ARGUMENT,
  not_found: status.NOT_FOUND,
  already_exists: status.ALREADY_EXISTS,
  failed_precondition: status.FAILED_PRECONDITION,
  aborted: status.ABORTED,
  resource_exhausted: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
  unauthenticated: status.UNAUTHENTICATED,
  permission_denied: status.PERMISSION_DENIED,
  unimplemented: status.UNIMPLEMENTED,
  internal: status.INTERNAL,
} as const;

/** A field that breaks a rule; the description names the value and the bound. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

export interface RpcErrorOptions extends ErrorOptions {
  /** Become google.rpc.BadRequest details. */
  readonly violations?: readonly FieldViolation[];
  /** Becomes google.rpc.RetryInfo. */
  readonly retryDelayMs?: number;
}

/** An expected failure of a call, for the caller to read. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: RpcErrorCode;
  readonly violations: readonly FieldViolation[];
  readonly retryDelayMs: number | undefined;

  constructor(code: RpcErrorCode, message: string, options: RpcErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.violations = options.violations ?? [];
    this.retryDelayMs = options.retryDelayMs;
  }

  /** INVALID_ARGUMENT that says what is wrong with which field. */
  static invalid(violations: readonly FieldViolation[]): RpcError {
    const message = violations.map(({ field, description }) => `${field}: ${description}`).join("; ");
    return new RpcError("invalid_argument", message, { violations });
  }
}

/** gRPC's number of a code. */
export function grpcStatusOf(code: RpcErrorCode): status {
  return CODES[code];
}
