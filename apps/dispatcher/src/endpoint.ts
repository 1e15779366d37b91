import type { AcknowledgementRule, RetryPolicy } from "@postrider/domain-delivery";
import type { EndpointLimits } from "@postrider/domain-flow";
import type { SigningKey } from "@postrider/kit-signature";

export type PayloadFormat = "standard" | "cloudevents_binary" | "cloudevents_structured" | "raw" | "platform";
export type HttpMethod = "POST" | "PUT" | "PATCH" | "GET" | "DELETE";

/** A subscription as the dispatcher needs it: everything decoded once, not once for each delivery. */
export interface Endpoint {
  readonly subscriptionId: string;
  readonly url: string;
  /** The URL's, with its port if it names one. */
  readonly host: string;
  readonly isPaused: boolean;
  /** Dispatchers have reported nothing but failures of it: the first success is to be told. */
  readonly isSuspected: boolean;
  readonly method: HttpMethod;
  readonly format: PayloadFormat;
  readonly headers: Readonly<Record<string, string>>;
  /** Newest first; one that has expired must not sign. */
  readonly keys: readonly EndpointKey[];
  readonly acknowledgement: AcknowledgementRule;
  readonly retryPolicy: RetryPolicy;
  readonly limits: EndpointLimits;
  /** For the whole answer, from connect to the last byte. */
  readonly timeoutMs: number;
}

export interface EndpointKey {
  readonly key: SigningKey;
  readonly expiresAtMs: number;
}
