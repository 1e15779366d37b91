import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** PEM texts of a fresh key and its certificate. */
export interface IssuedCertificate {
  readonly key: string;
  readonly cert: string;
}

/** What a certificate says. */
export interface CertificateContent {
  readonly commonName: string;
  readonly dnsNames?: readonly string[];
  /** IPv4. */
  readonly ipAddresses?: readonly string[];
  readonly uris?: readonly string[];
  readonly isAuthority?: boolean;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Who signs; itself if absent. */
export interface Issuer {
  readonly commonName: string;
  readonly key: KeyObject;
}

// Object identifiers, already in DER.
const ECDSA_WITH_SHA256 = Buffer.from("06082a8648ce3d040302", "hex");
const COMMON_NAME = Buffer.from("0603550403", "hex");
const SUBJECT_ALT_NAME = Buffer.from("0603551d11", "hex");
const BASIC_CONSTRAINTS = Buffer.from("0603551d13", "hex");

// Tags of ASN.1 (ITU-T X.690) and of the context-specific fields of X.509 (RFC 5280, section 4.1).
const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const SEQUENCE = 0x30;
const SET = 0x31;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
const URI = 0x86;
const IP_ADDRESS = 0x87;

/** A certificate with a key of its own. Node can't make certificates, and a key in the repository would be found by scanners. */
export function issueCertificate(
  content: CertificateContent,
  issuer?: Issuer,
): IssuedCertificate & { keyObject: KeyObject } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = der(SEQUENCE, ECDSA_WITH_SHA256);
  const toBeSigned = der(
    SEQUENCE,
    der(VERSION, der(INTEGER, Buffer.from([2]))),
    // Positive, and of another number than all others of its issuer.
    der(INTEGER, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    nameOf(issuer?.commonName ?? content.commonName),
    der(SEQUENCE, utcTime(content.notBeforeMs), utcTime(content.notAfterMs)),
    nameOf(content.commonName),
    publicKey.export({ type: "spki", format: "der" }),
    der(EXTENSIONS, der(SEQUENCE, ...extensionsOf(content))),
  );
  const signature = sign("sha256", toBeSigned, issuer?.key ?? privateKey);
  const certificate = der(SEQUENCE, toBeSigned, algorithm, der(BIT_STRING, Buffer.from([0]), signature));
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString("base64")}\n-----END CERTIFICATE-----\n`,
    keyObject: privateKey,
  };
}

function nameOf(commonName: string): Buffer {
  return der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, Buffer.from(commonName)))));
}

function extensionsOf({
  dnsNames = [],
  ipAddresses = [],
  uris = [],
  isAuthority = false,
}: CertificateContent): Buffer[] {
  const names = [
    ...dnsNames.map((name) => der(DNS_NAME, Buffer.from(name))),
    ...ipAddresses.map((address) => der(IP_ADDRESS, Buffer.from(address.split(".").map(Number)))),
    ...uris.map((uri) => der(URI, Buffer.from(uri))),
  ];
  return [
    ...(names.length > 0 ? [extension(SUBJECT_ALT_NAME, der(SEQUENCE, ...names))] : []),
    ...(isAuthority ? [extension(BASIC_CONSTRAINTS, der(SEQUENCE, der(BOOLEAN, Buffer.from([0xff]))))] : []),
  ];
}

function extension(id: Buffer, value: Buffer): Buffer {
  return der(SEQUENCE, id, der(OCTET_STRING, value));
}

function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/gu, "").slice(2, 14);
  return der(UTC_TIME, Buffer.from(`${digits}Z`));
}

/** Tag, length, value. Lengths from 128 on are written with the count of their bytes in front. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), value]);
}
