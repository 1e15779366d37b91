import type { Metadata, ServerInterceptingCallInterface } from "@grpc/grpc-js";

/** As Node reads it. */
type PeerCertificate = NonNullable<ReturnType<ServerInterceptingCallInterface["getAuthContext"]>["sslPeerCertificate"]>;

/** Who makes a call, once that is known. */
export interface Caller {
  /** For people and logs: a token's name, a subject, a certificate's name. Never the secret itself. */
  readonly name: string;
  /** What it may do, in the words of the methods' {@link MethodAccess}. */
  readonly scopes: { readonly has: (scope: string) => boolean };
  /** Whose things are all that it may see and touch; undefined: everybody's. */
  readonly boundTo: string | undefined;
}

/** Who may call a method. */
export type MethodAccess =
  /** Whoever gets here, without saying who they are. */
  | "everybody"
  /** Any caller that is known, whatever its scopes. */
  | "callers"
  | {
      /** A caller needs one of them. */
      readonly scopes: readonly string[];
      /**
       * What the method is for a caller that is bound. `own`: the handler keeps to what is its own ({@link callerOf});
       * `shared`: there is nothing in it that belongs to anybody; `refused`: it is not for bound callers at all.
       */
      readonly bound: "own" | "shared" | "refused";
    };

/** A call of which only the beginning is known: its message is not read before somebody is let in. */
export interface IncomingCall {
  /** Such as /postrider.v1.IngestService/Publish. */
  readonly method: string;
  readonly metadata: Metadata;
  /** The verified certificate of the other side; undefined if it showed none, or none that we trust. */
  readonly peerCertificate: () => PeerCertificate | undefined;
}

/** Tells who calls. */
export interface Doorkeeper {
  /**
   * Without a promise when it is known at once, as for all calls but a caller's first.
   * @throws {RpcError} (or by the promise) unauthenticated; unavailable when it can't be told now
   */
  readonly identify: (call: IncomingCall) => Caller | Promise<Caller>;
  /** A known caller asked for what it may not do. */
  readonly onDenied?: (caller: Caller, method: string) => void;
}

/** Whoever calls a method that is for everybody. */
export const ANYBODY: Caller = { name: "anybody", scopes: new Set(), boundTo: undefined };

/** Where nobody has to say who they are: whoever reaches the server may do everything. */
const UNRESTRICTED: Caller = { name: "anybody", scopes: { has: () => true }, boundTo: undefined };

/** Lets everybody in to everything: for a server that only its own machine reaches, and for tests. */
export const openDoor: Doorkeeper = { identify: () => UNRESTRICTED };

const callers = new WeakMap<Metadata, Caller>();

/** Whose call it is. @throws Error for a call that nobody let in: a handler must not work for it */
export function callerOf(call: { readonly metadata: Metadata }): Caller {
  const caller = callers.get(call.metadata);
  if (!caller) throw new Error("a call came to its handler that nobody let in");
  return caller;
}

/** Remembers whose call it is. */
export function setCaller(metadata: Metadata, caller: Caller): void {
  callers.set(metadata, caller);
}
