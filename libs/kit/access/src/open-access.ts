import type { Clock, Service } from "@postrider/kit-lifecycle";
import {
  assertUsable,
  type Certificates,
  type CertificateSource,
  createClientCredentials,
  createServerCredentials,
  type Doorkeeper,
  openDoor,
  type RpcCredentials,
} from "@postrider/kit-rpc";
import { observeCache } from "@postrider/kit-watched-cache";
import { openWatchedFiles, type WatchedFiles, type WatchedFilesNotice } from "@postrider/kit-watched-file";
import type { Registry } from "prom-client";
import { type AccessMetrics, accessMetricsOf, type StaleSource } from "./access-metrics.ts";
import { assertAccess, assertCalling, isAuthenticated } from "./assert-secure.ts";
import type { AccessWords } from "./credential.ts";
import { createDoorkeeper } from "./doorkeeper.ts";
import { createRemoteKeys, type IssuerKeys, parseJwks } from "./jwks.ts";
import { createJwtVerifier, type JwtVerifier } from "./jwt.ts";
import { type ListedCallers, parseCallersFile } from "./parse-callers-file.ts";
import type { AccessConfig, CallingConfig } from "./settings.ts";
import type { TokenCache } from "./token-cache.ts";

/** Thousands of callers. */
const MAX_CALLERS_BYTES = 1024 * 1024;
/** The authorities of a whole operating system have a quarter of it. */
const MAX_PEM_BYTES = 1024 * 1024;
const MAX_TOKEN_BYTES = 16 * 1024;

interface AccessDeps {
  readonly clock: Clock;
  readonly registry: Registry;
  readonly logger: Readonly<Record<"info" | "warn" | "error", (facts: object, message: string) => void>>;
}

export interface OpenAccessOptions extends AccessDeps {
  readonly config: AccessConfig;
  /** host:port on which calls are taken. */
  readonly grpcAddress: string;
  readonly words: AccessWords;
  /** Tokens that are kept elsewhere. */
  readonly stored: TokenCache;
}

/** The doors of a process that is called. */
export interface Access {
  readonly doorkeeper: Doorkeeper;
  readonly credentials?: ReturnType<typeof createServerCredentials>;
  /** To be run: they keep files, keys and tokens true. */
  readonly services: readonly Service[];
  /** What is not ready yet. */
  readonly findUnready: () => readonly string[];
  /** For the line that says that the process is ready. */
  readonly description: string;
}

/** Opens what the settings name. @throws Error in one line, which never repeats a secret */
export async function openAccess(options: OpenAccessOptions): Promise<Access> {
  const { config, grpcAddress, stored } = options;
  assertAccess(config, grpcAddress);
  const opening = { ...options, metrics: accessMetricsOf(options.registry) };
  const certificates = await openCertificates(opening, {
    ...{ cert: config.tlsCertFile, key: config.tlsKeyFile, ca: config.tlsCaFile },
  });
  const transport = certificates && {
    credentials: createServerCredentials(
      certificates,
      config.tlsCaFile === undefined ? "none" : config.tlsClientCertificates,
    ),
  };
  const description = describe(config);
  const watched = certificates ? [certificates] : [];
  if (!isAuthenticated(config)) {
    return { doorkeeper: openDoor, ...transport, services: watched, findUnready: () => [], description };
  }
  const callers = config.tokensFile === undefined ? undefined : await openCallers(opening, config.tokensFile);
  const keys = config.jwtJwks === undefined ? undefined : await openKeys(opening, config.jwtJwks);
  const jwt = keys && createVerifier(keys, options);
  return {
    doorkeeper: createDoorkeeper({
      listed: () => callers?.current() ?? NOBODY,
      ...{ stored, clock: options.clock, onRefused: opening.metrics.refused },
      ...(jwt && { jwt }),
    }),
    ...transport,
    services: [...watched, ...(callers ? [callers] : []), ...(keys ? [keys] : []), stored],
    findUnready: observeCache({ what: "access_tokens", state: stored.state, registry: options.registry }),
    description,
  };
}

export interface OpenCallingOptions extends AccessDeps {
  readonly config: CallingConfig;
  /** host:port of the services that will be called. */
  readonly addresses: readonly string[];
}

/** How a process calls our other services. */
export interface Calling {
  readonly credentials: RpcCredentials;
  /** To be run: they keep files true. */
  readonly services: readonly Service[];
}

/** Opens what the settings name. @throws Error in one line, which never repeats a secret */
export async function openCalling(options: OpenCallingOptions): Promise<Calling> {
  const { config, addresses } = options;
  assertCalling(config, addresses);
  const opening = { ...options, metrics: accessMetricsOf(options.registry) };
  const { serviceCaFile: ca, serviceTokenFile: tokenFile, tlsCertFile: cert, tlsKeyFile: key } = config;
  const certificates = ca === undefined ? undefined : await openCertificates(opening, { cert, key, ca });
  const token = tokenFile === undefined ? undefined : await openToken(opening, tokenFile);
  return {
    credentials: {
      ...(certificates && { channel: createClientCredentials(certificates) }),
      ...(token && { token: token.current }),
    },
    services: [...(certificates ? [certificates] : []), ...(token ? [token] : [])],
  };
}

const NOBODY: ListedCallers = { byToken: new Map(), byCertificate: new Map() };

interface Opening extends AccessDeps {
  readonly metrics: AccessMetrics;
}

async function openCallers(
  opening: Opening & Pick<OpenAccessOptions, "words">,
  path: string,
): Promise<WatchedFiles<ListedCallers>> {
  return openWatchedFiles({
    paths: [path],
    parse: ([text]) => within("POSTRIDER_TOKENS_FILE", () => parseCallersFile(String(text), opening.words)),
    maxBytes: MAX_CALLERS_BYTES,
    ...{ clock: opening.clock, onNotice: tellOf(opening, "tokens") },
  });
}

interface PemPaths {
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly ca: string | undefined;
}

async function openCertificates(
  opening: Opening,
  { cert, key, ca }: PemPaths,
): Promise<(CertificateSource & Service) | undefined> {
  const hasOwn = cert !== undefined && key !== undefined;
  const paths = [...(hasOwn ? [cert, key] : []), ...(ca === undefined ? [] : [ca])];
  if (paths.length === 0) return undefined;
  return openWatchedFiles<Certificates>({
    paths,
    parse: (contents) => {
      const [certificate, privateKey] = contents;
      const authorities = ca === undefined ? undefined : contents.at(-1);
      const certificates = {
        ...(hasOwn && certificate && privateKey ? { own: { certificate, privateKey } } : {}),
        ...(authorities && { authorities }),
      };
      within(paths.join(", "), () => {
        assertUsable(certificates);
      });
      return certificates;
    },
    maxBytes: MAX_PEM_BYTES,
    ...{ clock: opening.clock, onNotice: tellOf(opening, "certificates") },
  });
}

async function openToken(opening: Opening, path: string): Promise<WatchedFiles<string>> {
  return openWatchedFiles({
    paths: [path],
    parse: ([bytes]) => {
      const token = String(bytes).trim();
      if (/^[\x21-\x7e]+$/.test(token)) return token;
      throw new Error("POSTRIDER_SERVICE_TOKEN_FILE: the file should hold a token, and nothing else");
    },
    maxBytes: MAX_TOKEN_BYTES,
    ...{ clock: opening.clock, onNotice: tellOf(opening, "service_token") },
  });
}

async function openKeys(opening: Opening, source: string): Promise<IssuerKeys> {
  if (/^https?:/.test(source)) {
    return createRemoteKeys({ url: source, clock: opening.clock, onOutcome: tellOf(opening, "issuer_keys") });
  }
  const file = await openWatchedFiles({
    paths: [source],
    parse: ([text]) => within("POSTRIDER_JWT_JWKS", () => parseJwks(String(text))),
    maxBytes: MAX_PEM_BYTES,
    ...{ clock: opening.clock, onNotice: tellOf(opening, "issuer_keys") },
  });
  return { ...file, find: async (header, token) => file.current()(header, token) };
}

function createVerifier(keys: IssuerKeys, { config, words, clock }: OpenAccessOptions): JwtVerifier {
  const { jwtIssuer = "", jwtAudience = "", jwtScopePrefix: scopePrefix, jwtOwnerClaim: ownerClaim } = config;
  return createJwtVerifier({
    ...{ keys, words, clock },
    rules: { issuer: jwtIssuer, audience: jwtAudience, scopePrefix, ownerClaim },
  });
}

function tellOf({ logger, metrics }: Opening, what: StaleSource): (notice: WatchedFilesNotice) => void {
  metrics.stale(what, false);
  const name = what.replaceAll("_", " ");
  return (notice) => {
    metrics.stale(what, notice.kind === "unusable");
    if (notice.kind === "reloaded") logger.info({}, `the ${name} were read again, and are in force`);
    else logger.error({ err: notice.error }, `the new ${name} can't be used; those before them stay in force`);
  };
}

/** Says in which setting the problem is. */
function within<Value>(setting: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    throw new Error(`${setting}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function describe(config: AccessConfig): string {
  const { tokensFile, jwtIssuer, tlsCaFile, tlsCertFile } = config;
  const known = [
    ...(tokensFile === undefined && jwtIssuer === undefined ? [] : ["tokens"]),
    ...(jwtIssuer === undefined ? [] : ["JWTs"]),
    ...(tlsCaFile === undefined ? [] : ["certificates"]),
  ];
  const callers = known.length === 0 ? "callers are not authenticated" : `callers known by ${known.join(", ")}`;
  return tlsCertFile === undefined ? callers : `TLS, ${callers}`;
}
