import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import { ANYBODY, type Caller, type Doorkeeper, type IncomingCall, type MethodAccess, setCaller } from "./access.ts";
import { encodeServiceError } from "./error-details.ts";
import { RpcError } from "./rpc-error.ts";
import { reportUnexpected } from "./unexpected.ts";

/** The methods of a service by their path, with who may call them. */
export interface GuardedService {
  readonly definition: ServiceDefinition;
  /** By the names of the definition. */
  readonly access: Readonly<Record<string, MethodAccess>>;
}

/**
 * Lets calls in, or refuses them, when their headers are there: what a stranger sends is neither read nor decoded.
 * Fails closed: there is no method without a rule, and no handler is called without a caller.
 */
export class Admission {
  readonly #rules: ReadonlyMap<string, MethodAccess>;
  readonly #doorkeeper: Doorkeeper;
  readonly #calls = new WeakMap<Metadata, IncomingCall>();

  /** @throws Error that names the methods which have no rule */
  constructor(services: readonly GuardedService[], doorkeeper: Doorkeeper) {
    const methods = services.flatMap(({ definition, access }) =>
      Object.entries(definition).map(([name, { path }]) => [path, access[name]] as const),
    );
    const missing = methods.filter(([, rule]) => rule === undefined).map(([path]) => path);
    if (missing.length > 0) throw new Error(`nobody says who may call ${missing.join(", ")}`);
    this.#rules = new Map(methods.filter((method): method is [string, MethodAccess] => method[1] !== undefined));
    this.#doorkeeper = doorkeeper;
  }

  readonly interceptor: ServerInterceptor = ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, proceed) => {
            const incoming = {
              method: path,
              metadata,
              peerCertificate: () => call.getAuthContext().sslPeerCertificate,
            };
            this.#admit(incoming, call, proceed);
          },
        });
      },
    });

  /** Looks again whether a call that goes on for long would still be let in. @throws {RpcError} (by the promise) if not */
  async readmit(metadata: Metadata): Promise<void> {
    const incoming = this.#calls.get(metadata);
    if (incoming) await this.#decide(incoming);
  }

  #admit(incoming: IncomingCall, call: ServerInterceptingCallInterface, proceed: (metadata: Metadata) => void): void {
    const { metadata, method } = incoming;
    const letIn = (caller: Caller): void => {
      this.#calls.set(metadata, incoming);
      setCaller(metadata, caller);
      proceed(metadata);
    };
    const refuse = (error: unknown): void => {
      reportUnexpected(error, method);
      call.sendStatus(encodeServiceError(error));
    };
    try {
      const decided = this.#decide(incoming);
      if (decided instanceof Promise) decided.then(letIn, refuse);
      else letIn(decided);
    } catch (error) {
      refuse(error);
    }
  }

  #decide(incoming: IncomingCall): Caller | Promise<Caller> {
    const rule = this.#rules.get(incoming.method);
    if (rule === "everybody") return ANYBODY;
    const caller = this.#doorkeeper.identify(incoming);
    if (caller instanceof Promise) return caller.then((found) => this.#allow(found, rule, incoming.method));
    return this.#allow(caller, rule, incoming.method);
  }

  #allow(caller: Caller, rule: Exclude<MethodAccess, "everybody"> | undefined, method: string): Caller {
    if (rule === "callers") return caller;
    const reason = rule === undefined ? "nobody may call it" : findReason(caller, rule);
    if (reason === undefined) return caller;
    this.#doorkeeper.onDenied?.(caller, method);
    throw new RpcError("permission_denied", reason);
  }
}

function findReason(
  { scopes, boundTo }: Caller,
  rule: Extract<MethodAccess, { readonly scopes: readonly string[] }>,
): string | undefined {
  if (!rule.scopes.some((scope) => scopes.has(scope))) return `it needs the scope ${rule.scopes.join(" or ")}`;
  if (boundTo === undefined || rule.bound !== "refused") return undefined;
  return "it is not for callers that are bound to one owner";
}
