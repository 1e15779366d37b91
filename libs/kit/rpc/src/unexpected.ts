import { channel } from "node:diagnostics_channel";
import { RpcError } from "./rpc-error.ts";

/** What a subscriber of {@link UNEXPECTED_CHANNEL} gets. */
export interface UnexpectedError {
  readonly error: unknown;
  readonly method: string;
}

/** The node:diagnostics_channel on which handlers' defects are told: libraries emit diagnostics, services log them. */
export const UNEXPECTED_CHANNEL = "postrider:rpc:unexpected";

const unexpected = channel(UNEXPECTED_CHANNEL);

/** Tells of an error that no caller should have seen; expected ones are passed over. */
export function reportUnexpected(error: unknown, method: string): void {
  if (!(error instanceof RpcError)) unexpected.publish({ error, method } satisfies UnexpectedError);
}
