import {
  Acknowledgement_Rule as Rule,
  Consent_Method as ConsentMethod,
  PayloadFormat as Format,
  SignatureKind as Signature,
  Subscription_Method as Method,
  Subscription_State as State,
} from "@postrider/contracts/postrider/v1/subscription";
import type * as domain from "@postrider/domain-subscription";

/** The API's number of each word of the domain. */
export const METHODS = {
  POST: Method.METHOD_POST,
  PUT: Method.METHOD_PUT,
  PATCH: Method.METHOD_PATCH,
  GET: Method.METHOD_GET,
  DELETE: Method.METHOD_DELETE,
} as const satisfies Record<domain.Method, Method>;

export const FORMATS = {
  standard: Format.PAYLOAD_FORMAT_STANDARD,
  cloudevents_binary: Format.PAYLOAD_FORMAT_CLOUDEVENTS_BINARY,
  cloudevents_structured: Format.PAYLOAD_FORMAT_CLOUDEVENTS_STRUCTURED,
  raw: Format.PAYLOAD_FORMAT_RAW,
  platform: Format.PAYLOAD_FORMAT_PLATFORM,
} as const satisfies Record<domain.PayloadFormat, Format>;

export const SIGNATURES = {
  hmac_sha256: Signature.SIGNATURE_KIND_HMAC_SHA256,
  ed25519: Signature.SIGNATURE_KIND_ED25519,
} as const satisfies Record<domain.SignatureKind, Signature>;

export const RULES = {
  status: Rule.RULE_STATUS,
  json_status_success: Rule.RULE_JSON_STATUS_SUCCESS,
  exact_body: Rule.RULE_EXACT_BODY,
} as const satisfies Record<domain.Acknowledgement["kind"], Rule>;

export const STATES = {
  active: State.STATE_ACTIVE,
  paused: State.STATE_PAUSED,
  disabled: State.STATE_DISABLED,
  pending: State.STATE_PENDING,
} as const satisfies Record<domain.LiveSubscription["kind"], State>;

export const CONSENTS = {
  challenge: ConsentMethod.METHOD_CHALLENGE,
  cloudevents: ConsentMethod.METHOD_CLOUDEVENTS,
  waived: ConsentMethod.METHOD_WAIVED,
} as const satisfies Record<domain.Consent["by"], ConsentMethod>;
