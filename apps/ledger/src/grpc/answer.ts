import type { handleUnaryCall } from "@grpc/grpc-js";
import { type Caller, RpcError, unaryForCaller } from "@postrider/kit-rpc";
import { LedgerStoreError } from "../store/ledger-store.ts";

/** Serves an async function, which is told who calls; a database that can't be used is told as such. */
export function answer<Request, Response>(
  handler: (request: Request, caller: Caller) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return unaryForCaller(handler, asRpcError);
}

function asRpcError(error: unknown): unknown {
  if (!(error instanceof LedgerStoreError) || error.code !== "unavailable") return error;
  return new RpcError("unavailable", "the ledger's database can't be used now: try again", { cause: error });
}
