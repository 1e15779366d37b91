import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { type ChannelCredentials, credentials, experimental, ServerCredentials } from "@grpc/grpc-js";

/** PEM texts of one side of a connection. */
export interface Certificates {
  /** Its own certificate with those between it and the authority, and its private key. */
  readonly own?: { readonly certificate: Buffer; readonly privateKey: Buffer };
  /** Who signs the certificates of the other side. */
  readonly authorities?: Buffer;
}

/** Certificates that may be replaced while they are used. */
export interface CertificateSource {
  readonly current: () => Certificates;
  /** Calls back with the new ones. */
  readonly onChanged: (listener: (certificates: Certificates) => void) => void;
}

/** Whether a client has to show a certificate; one without it has to say who it is by other means. */
export type ClientCertificates = "none" | "optional" | "required";

/**
 * Refuses what a connection would fail on, each time: texts that are no PEM (OpenSSL passes over them in silence), a key
 * that is of another certificate.
 * @throws Error that shows nothing of a key
 */
export function assertUsable({ own, authorities }: Certificates): void {
  if (authorities) assertCertificates("the authorities' file", authorities);
  if (!own) return;
  const [first] = assertCertificates("the certificate's file", own.certificate);
  if (first?.checkPrivateKey(readKey(own.privateKey))) return;
  throw new Error("the private key is not that of the certificate");
}

function assertCertificates(what: string, pem: Buffer): X509Certificate[] {
  const blocks = pem.toString("latin1").match(PEM_CERTIFICATE);
  if (!blocks) throw new Error(`${what} holds no certificate in PEM`);
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new Error(`${what}: certificate ${index + 1} can't be read`, { cause: error });
    }
  });
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function readKey(pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // Without the cause: it may quote what it read.
    throw new Error("the private key's file holds no private key in PEM that is not encrypted");
  }
}

/**
 * A server's side of TLS (1.2 or newer). New connections get new certificates; those that are open go on with what they
 * began with.
 */
export function createServerCredentials(source: CertificateSource, clients: ClientCertificates): ServerCredentials {
  const provider = new WatchedCertificates(source);
  // grpc-js 1.14 names these parameters the wrong way round: the server's own certificate comes first.
  return experimental.createCertificateProviderServerCredentials(
    provider,
    clients === "none" ? null : provider,
    clients === "required",
  );
}

/** A client's side: it believes `authorities` alone, and shows its own certificate if there is one. */
export function createClientCredentials(source: CertificateSource): ChannelCredentials {
  const provider = new WatchedCertificates(source);
  return experimental.createCertificateProviderChannelCredentials(provider, source.current().own ? provider : null);
}

/** A client's side for a single connection, with certificates that stay as they are. */
export function createFixedClientCredentials({ own, authorities }: Certificates): ChannelCredentials {
  return credentials.createSsl(authorities ?? null, own?.privateKey ?? null, own?.certificate ?? null);
}

type CertificateProvider = Parameters<typeof experimental.createCertificateProviderChannelCredentials>[0];
type AuthorityListener = Parameters<CertificateProvider["addCaCertificateListener"]>[0];
type OwnListener = Parameters<CertificateProvider["addIdentityCertificateListener"]>[0];

/**
 * Certificates in the form in which grpc-js wants to be told of them. Its own provider of files tells "none" for files
 * that are half replaced, after which every new connection is dropped.
 */
class WatchedCertificates implements CertificateProvider {
  readonly #source: CertificateSource;
  readonly #authorityListeners = new Set<AuthorityListener>();
  readonly #ownListeners = new Set<OwnListener>();

  constructor(source: CertificateSource) {
    this.#source = source;
    source.onChanged(() => {
      for (const listener of this.#authorityListeners) this.#tellAuthorities(listener);
      for (const listener of this.#ownListeners) this.#tellOwn(listener);
    });
  }

  // Later, not at once: grpc-js listens to itself only after it has begun to listen to us.
  addCaCertificateListener(listener: AuthorityListener): void {
    this.#authorityListeners.add(listener);
    process.nextTick(() => {
      this.#tellAuthorities(listener);
    });
  }

  removeCaCertificateListener(listener: AuthorityListener): void {
    this.#authorityListeners.delete(listener);
  }

  addIdentityCertificateListener(listener: OwnListener): void {
    this.#ownListeners.add(listener);
    process.nextTick(() => {
      this.#tellOwn(listener);
    });
  }

  removeIdentityCertificateListener(listener: OwnListener): void {
    this.#ownListeners.delete(listener);
  }

  #tellAuthorities(listener: AuthorityListener): void {
    const { authorities } = this.#source.current();
    listener(authorities ? { caCertificate: authorities } : null);
  }

  #tellOwn(listener: OwnListener): void {
    listener(this.#source.current().own ?? null);
  }
}
