import type { Caller } from "@postrider/kit-rpc";

/** What somebody proved to have: who they are by it, and how long. */
export interface Credential {
  readonly caller: Caller;
  /** Milliseconds since the epoch; Infinity: for ever. */
  readonly expiresAtMs: number;
}

/** How the platform speaks of what callers may do. */
export interface AccessWords {
  /** All scopes that there are. */
  readonly scopes: readonly string[];
  /** Whose things a caller may be bound to. */
  readonly owner: {
    /** What files and claims call it. */
    readonly name: string;
    readonly isValid: (text: string) => boolean;
  };
}
