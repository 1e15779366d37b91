import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";

/** Older versions are broken (RFC 8996). Said here, so that no flag of Node can say otherwise. */
const MIN_VERSION = "TLSv1.2";

/**
 * Whom we believe that a receiver is who it says: the usual authorities, and those of a deployment. One context for
 * all connections: with an authority of one's own, Node would otherwise read all of them again for each.
 *
 * @param moreAuthorities PEM texts, one certificate each
 */
export function createTrust(moreAuthorities: readonly string[] = []): SecureContext {
  const ca = moreAuthorities.length === 0 ? undefined : [...getCACertificates("default"), ...moreAuthorities];
  return createSecureContext({ minVersion: MIN_VERSION, ...(ca === undefined ? undefined : { ca }) });
}

/**
 * Reads the certificates of a file.
 *
 * @param field where the file's name comes from, for the message
 * @throws Error that names the field and the file, when it can't be read or holds anything else than certificates
 */
export function readAuthorities(field: string, path: string): readonly string[] {
  const text = readText(field, path);
  const pems = text.match(/-----BEGIN [^-]+-----[^-]*-----END [^-]+-----/gu) ?? [];
  if (pems.length === 0) throw new Error(`${field}: ${path} has no certificate in it; it should be PEM`);
  for (const [index, pem] of pems.entries()) {
    try {
      new X509Certificate(pem);
    } catch (cause) {
      throw new Error(`${field}: number ${index + 1} of ${pems.length} in ${path} is no certificate`, { cause });
    }
  }
  return pems;
}

function readText(field: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Error(`${field}: ${path} can't be read (${cause instanceof Error ? cause.message : String(cause)})`, {
      cause,
    });
  }
}
