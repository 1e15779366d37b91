import { issueCertificate } from "./issue-certificate.ts";

/** PEM texts of a fresh key and its certificate. */
export interface SelfSignedCertificate {
  readonly key: string;
  readonly cert: string;
}

const DAY_MS = 86_400_000;

/** Makes a certificate for `localhost` and 127.0.0.1 that is its own authority, valid from yesterday to tomorrow. */
export function createSelfSignedCertificate(nowMs: number = Date.now()): SelfSignedCertificate {
  const { key, cert } = issueCertificate({
    commonName: "localhost",
    dnsNames: ["localhost"],
    ipAddresses: ["127.0.0.1"],
    isAuthority: true,
    notBeforeMs: nowMs - DAY_MS,
    notAfterMs: nowMs + DAY_MS,
  });
  return { key, cert };
}
