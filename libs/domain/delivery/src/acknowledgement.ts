import { isSuccess } from "./policy.ts";

/** What a receiver must answer, besides a 2xx status, for a delivery to count. */
export type AcknowledgementRule =
  | { readonly kind: "status" }
  /** A JSON object with `"status": "success"`. */
  | { readonly kind: "json_status_success" }
  /** This text, white space around it aside. */
  | { readonly kind: "exact_body"; readonly body: string };

/** Whether the answer keeps the rule. The body may have been cut at egress's cap: then it keeps no rule but the status. */
export function isAcknowledged(rule: AcknowledgementRule, status: number, body: string): boolean {
  if (!isSuccess(status)) return false;
  switch (rule.kind) {
    case "status":
      return true;
    case "json_status_success":
      return hasStatusSuccess(body);
    case "exact_body":
      return body.trim() === rule.body.trim();
  }
}

function hasStatusSuccess(body: string): boolean {
  const value = parseJson(body);
  return typeof value === "object" && value !== null && "status" in value && value.status === "success";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A receiver may answer anything: what isn't JSON is not an acknowledgement, and no error of ours.
    return undefined;
  }
}
