import {
  type Metadata,
  Server,
  type ServerDuplexStream,
  type ServerWritableStream,
  type ServiceDefinition,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { encodeServiceError } from "./error-details.ts";
import { RpcError } from "./rpc-error.ts";

/** A call whose answer is a stream. */
type StreamCall = ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>;
type StreamHandler = (call: StreamCall) => void;

const CLOSING = "postrider:closing";

/**
 * A server that can end the streams it answers. A watch is endless, so a server that waited for it would use up its whole
 * grace at every restart; its caller connects elsewhere as soon as it is told.
 */
export class ClosingServer extends Server {
  readonly #open = new Set<StreamCall>();
  #isClosing = false;

  override addService(definition: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    super.addService(definition, { ...implementation, ...this.#trackStreams(definition, implementation) });
  }

  /** Ends every stream with UNAVAILABLE, behind what it has written; whoever listens by {@link onServerClosing} ends its own. */
  endStreams(): void {
    this.#isClosing = true;
    for (const call of this.#open) endStream(call);
  }

  /**
   * Asks of each stream that it answers whether it may go on; one that may not is ended with the reason, at once: what
   * it was promised before is not waited for.
   */
  async review(mayGoOn: (metadata: Metadata) => Promise<void>): Promise<void> {
    await Promise.all(
      [...this.#open].map(async (call) => {
        try {
          await mayGoOn(call.metadata);
        } catch (error) {
          if (!call.writableEnded) call.emit("error", encodeServiceError(error));
        }
      }),
    );
  }

  #trackStreams(
    definition: ServiceDefinition,
    implementation: UntypedServiceImplementation,
  ): UntypedServiceImplementation {
    const tracked: UntypedServiceImplementation = {};
    for (const [name, { responseStream, originalName }] of Object.entries(definition)) {
      const key = name in implementation ? name : originalName;
      const handler = key === undefined ? undefined : implementation[key];
      if (responseStream && key !== undefined && handler) tracked[key] = this.#track(handler);
    }
    return tracked;
  }

  #track(handler: UntypedHandleCall): UntypedHandleCall {
    return (call: StreamCall) => {
      const forget = (): void => {
        this.#open.delete(call);
      };
      this.#open.add(call);
      // A duplex call that the server ends closes only when the caller ends it too.
      call.once("finish", forget);
      call.once("close", forget);
      (handler as StreamHandler)(call);
      if (this.#isClosing) endStream(call);
    };
  }
}

/** Calls back when the server closes; the listener then has to end the call. */
export function onServerClosing(call: StreamCall, listener: () => void): void {
  call.once(CLOSING, listener);
}

/** Ends a streaming call with UNAVAILABLE, because the server closes: its caller may try elsewhere. */
export function endAsClosing(call: StreamCall): void {
  call.emit("error", encodeServiceError(new RpcError("unavailable", "the server is closing; connect again")));
}

function endStream(call: StreamCall): void {
  if (call.writableEnded) return;
  if (!call.emit(CLOSING)) endAsClosing(call);
}
