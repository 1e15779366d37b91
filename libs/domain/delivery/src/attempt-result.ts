/** What one HTTP attempt told us. Facts only: judging them is {@link judge}'s work. */
export type AttemptResult =
  | {
      readonly kind: "responded";
      /** The status line's number. */
      readonly status: number;
      /** What {@link isAcknowledged} made of the status and the body. */
      readonly isAcknowledged: boolean;
      /** As it was asked for: of {@link readRetryAfter}. */
      readonly retryAfterMs?: number;
      /** Longer than we wait. */
      readonly isRetryAfterClamped?: true;
    }
  /** `detail` is egress's own word for more of it, such as `certificate_expired`. */
  | { readonly kind: "unreachable"; readonly reason: UnreachableReason; readonly detail?: string }
  /** Nothing was sent, because egress forbids the address; `reason` is egress's own word for it. */
  | { readonly kind: "refused"; readonly reason: string };

/** Why no answer came, by stage. `timeout` is the deadline over everything; `protocol` is an answer that isn't HTTP. */
export type UnreachableReason = "dns" | "connect" | "tls" | "timeout" | "reset" | "protocol";
