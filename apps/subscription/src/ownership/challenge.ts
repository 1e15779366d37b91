import type { VerificationOutcome } from "@postrider/domain-subscription";
import type { EgressRequest, EgressResult } from "@postrider/kit-egress";
import { sign } from "@postrider/kit-signature";
import { ANSWER_TIMEOUT_MS, describeObstacle } from "./describe-result.ts";
import type { AskedUrl, QuestionContext } from "./url-verifier.ts";

/** Beyond guessing: an address where nobody wants deliveries must not answer it by chance. */
const CHALLENGE_BYTES = 32;
const ID_BYTES = 16;
/** Many times what the longest good answer has. */
const MAX_ANSWER_BYTES = 4096;

/** A challenge and the request that carries it. Fresh each time, and kept nowhere: the answer comes on the same connection. */
export interface Challenge {
  readonly text: string;
  readonly request: EgressRequest;
}

/**
 * A POST of `{"type":"url_verification","challenge":"..."}`, as Slack and Feishu have it; with the headers of a delivery and
 * signed like one, so that what verifies deliveries verifies this too.
 */
export function createChallenge(
  { callbackUrl, headers, keys }: AskedUrl,
  { nowMs, randomBytes, userAgent }: QuestionContext,
): Challenge {
  const text = encodeBase64Url(randomBytes(CHALLENGE_BYTES));
  const body = Buffer.from(JSON.stringify({ type: "url_verification", challenge: text }));
  const id = `ver_${encodeBase64Url(randomBytes(ID_BYTES))}`;
  const timestampSeconds = Math.floor(nowMs / 1000);
  const request = {
    url: callbackUrl,
    method: "POST",
    headers: {
      ...headers,
      "content-type": "application/json",
      "user-agent": userAgent,
      "webhook-id": id,
      "webhook-timestamp": String(timestampSeconds),
      "webhook-signature": sign({ id, timestampSeconds, body, keys }),
    },
    body,
    timeoutMs: ANSWER_TIMEOUT_MS,
    keepBodyBytes: MAX_ANSWER_BYTES,
  };
  return { text, request };
}

/** 2xx with the challenge is consent: as the whole body, or in JSON as `challenge`. */
export function judgeEcho(challenge: string, result: EgressResult): VerificationOutcome {
  const obstacle = describeObstacle(result);
  if (result.kind === "responded" && obstacle === undefined) {
    const body = Buffer.from(result.body).toString("utf8").trim();
    if (body === challenge || readChallenge(body) === challenge) {
      return { kind: "agreed", consent: { by: "challenge" } };
    }
  }
  return { kind: "not_agreed", reason: obstacle ?? "the callback URL did not answer with the challenge" };
}

function readChallenge(body: string): unknown {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && "challenge" in value ? value.challenge : undefined;
  } catch {
    return undefined;
  }
}

function encodeBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
