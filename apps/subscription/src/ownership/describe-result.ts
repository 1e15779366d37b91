import type { EgressResult, Unreachable } from "@postrider/kit-egress";

/** How long a callback URL may take to answer: somebody waits for it, and a machine that is up needs less. */
export const ANSWER_TIMEOUT_MS = 5_000;

const UNREACHABLE: Readonly<Record<Unreachable["reason"], string>> = {
  dns: "the host name of the callback URL could not be resolved",
  connect: "no connection to the callback URL could be made",
  tls: "no TLS connection to the callback URL could be made",
  timeout: `the callback URL did not answer within ${ANSWER_TIMEOUT_MS / 1000} s`,
  reset: "the connection to the callback URL broke before the answer was complete",
  protocol: "the callback URL did not answer in HTTP",
};

/**
 * Why an answer is no consent, whatever it says; undefined for one that may be. In words for the tenant: an address that may
 * not be called is told in the same words whatever stands there, and nothing of an answer is repeated but its status.
 */
export function describeObstacle(result: EgressResult): string | undefined {
  switch (result.kind) {
    case "refused":
      return result.reason === "bad_request"
        ? "no request can be made of the callback URL and the headers"
        : "the callback URL may not be called from here";
    case "unreachable":
      return UNREACHABLE[result.reason];
    case "responded":
      return result.status < 300 ? undefined : describeStatus(result.status);
  }
}

function describeStatus(status: number): string {
  const words = `the callback URL answered with status ${status}`;
  return status < 400 ? `${words}: redirects are not followed` : words;
}
