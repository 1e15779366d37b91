import { Webhook } from "standardwebhooks";
import { UsageError } from "../failures.ts";
import { createAsymmetricVerify, isPublicKey } from "./verify-asymmetric.ts";

/** Whether a webhook came from who holds the secret; unchecked when the receiver was given none. */
export type Verification =
  { readonly kind: "verified" } | { readonly kind: "unchecked" } | { readonly kind: "failed"; readonly reason: string };

export type Verify = (body: Buffer, headers: Readonly<Record<string, string>>) => Verification;

/**
 * Verifies as any receiver would: `v1` signatures with the public Standard Webhooks library, not with our own code. It reads
 * bodies as UTF-8.
 * @param secret `whsec_...`, or the public key `whpk_...` for `v1a` signatures
 * @throws UsageError when it is neither
 */
export function createVerify(secret: string | undefined): Verify {
  if (secret === undefined) return () => ({ kind: "unchecked" });
  if (isPublicKey(secret)) return createAsymmetricVerify(secret, () => Date.now());
  const webhook = createWebhook(secret);
  return (body, headers) => {
    try {
      webhook.verify(body, headers, { jsonParse: false });
      return { kind: "verified" };
    } catch (error) {
      return { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
    }
  };
}

function createWebhook(secret: string): Webhook {
  if (!secret.startsWith("whsec_"))
    throw new UsageError("the secret must begin with whsec_, or with whpk_ if it is a public key");
  try {
    return new Webhook(secret);
  } catch (error) {
    // The message must not repeat the secret.
    throw new UsageError(
      `the secret is not whsec_ and base64: ${error instanceof Error ? error.message : "unreadable"}`,
    );
  }
}
