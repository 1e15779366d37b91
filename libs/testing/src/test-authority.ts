import { type CertificateContent, type IssuedCertificate, issueCertificate } from "./issue-certificate.ts";

/** A certificate authority for a test. */
export interface TestAuthority {
  /** PEM: what those who believe it are given. */
  readonly cert: string;
  /** A certificate of its own for somebody, valid from yesterday to tomorrow unless it says otherwise. */
  readonly issue: (content: { readonly commonName: string } & Partial<CertificateContent>) => IssuedCertificate;
}

const DAY_MS = 86_400_000;

export function createTestAuthority(commonName = "Test Authority", nowMs: number = Date.now()): TestAuthority {
  const validity = { notBeforeMs: nowMs - DAY_MS, notAfterMs: nowMs + DAY_MS };
  const root = issueCertificate({ commonName, isAuthority: true, ...validity });
  return {
    cert: root.cert,
    issue: (content) => issueCertificate({ ...validity, ...content }, { commonName, key: root.keyObject }),
  };
}
