/** What a tenant chose for a subscription: everything that may change after it was made. Plain data. */
export interface SubscriptionSettings {
  readonly callbackUrl: string;
  /** Names, or patterns such as `order.*` or `*`. */
  readonly eventTypes: readonly string[];
  readonly description: string;
  readonly method: Method;
  readonly payloadFormat: PayloadFormat;
  readonly headers: Readonly<Record<string, string>>;
  readonly signature: SignatureKind;
  readonly acknowledgement: Acknowledgement;
  readonly retryPolicy: RetryPolicy;
  readonly limits: Limits;
}

export type Method = "POST" | "PUT" | "PATCH" | "GET" | "DELETE";
export type PayloadFormat = "standard" | "cloudevents_binary" | "cloudevents_structured" | "raw" | "platform";
export type SignatureKind = "hmac_sha256" | "ed25519";

/** When a 2xx answer counts as received. */
export type Acknowledgement =
  | { readonly kind: "status" }
  | { readonly kind: "json_status_success" }
  | { readonly kind: "exact_body"; readonly body: string };

/** `default`: the platform's schedule, whatever it is at the time of the attempt. */
export type RetryPolicy =
  | { readonly kind: "default" }
  | {
      readonly kind: "custom";
      /** The wait before the second attempt, the third, ... Empty: one attempt only. */
      readonly delaysMs: readonly number[];
      /** Counted from acceptance. Absent: no bound. */
      readonly maxAgeMs?: number;
    };

export interface Limits {
  readonly maxInFlight: number;
  /** Absent: no bound. */
  readonly ratePerSecond?: number;
  /** For the whole answer. */
  readonly timeoutMs: number;
}

/** What holds where a tenant chose nothing. The numbers are those of the API's documentation. */
export const DEFAULT_LIMITS: Limits = { maxInFlight: 64, timeoutMs: 15_000 };
