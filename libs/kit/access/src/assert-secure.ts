import { SettingsError } from "@postrider/kit-config";
import { isLoopbackAddress } from "@postrider/kit-rpc";
import type { AccessConfig, CallingConfig } from "./settings.ts";

/** Whether callers have to say who they are. */
export function isAuthenticated({ tokensFile, jwtIssuer }: AccessConfig): boolean {
  return tokensFile !== undefined || jwtIssuer !== undefined;
}

/**
 * Refuses settings that contradict each other, and doors that stand open to more than this machine.
 * @param grpcAddress where calls are taken, host:port
 * @throws {SettingsError} with a line for each problem
 */
export function assertAccess(config: AccessConfig, grpcAddress: string): void {
  const { jwtIssuer, jwtAudience, jwtJwks, tlsCaFile, tlsCertFile, tokensFile } = config;
  const problems = [...findPairProblems(config)];
  const jwt = [jwtIssuer, jwtAudience, jwtJwks];
  if (jwt.some((each) => each !== undefined) && jwt.includes(undefined)) {
    problems.push("POSTRIDER_JWT_ISSUER, POSTRIDER_JWT_AUDIENCE and POSTRIDER_JWT_JWKS have to be set together");
  }
  if (jwtJwks?.startsWith("http:") && !isLoopbackAddress(new URL(jwtJwks).host)) {
    problems.push(
      `POSTRIDER_JWT_JWKS=${jwtJwks} should be an https URL: whoever could change its answer could let anybody in`,
    );
  }
  if (tlsCaFile !== undefined && (tlsCertFile === undefined || tokensFile === undefined)) {
    problems.push(
      "POSTRIDER_TLS_CA_FILE needs POSTRIDER_TLS_CERT_FILE, and POSTRIDER_TOKENS_FILE, which says what the callers with which certificates may do",
    );
  }
  if (!isLoopbackAddress(grpcAddress)) problems.push(...findOpenDoors(config, grpcAddress));
  throwIfAny(problems);
}

/** The same for the services that are called. @param addresses host:port of each */
export function assertCalling(config: CallingConfig, addresses: readonly string[]): void {
  const problems = [...findPairProblems(config)];
  const { serviceTokenFile, serviceCaFile, allowInsecure } = config;
  const far = addresses.find((address) => !isLoopbackAddress(address));
  const isOpen = serviceTokenFile !== undefined && serviceCaFile === undefined && !allowInsecure.includes("plaintext");
  if (far !== undefined && isOpen) {
    problems.push(
      `the token of POSTRIDER_SERVICE_TOKEN_FILE would go to ${far} in plaintext: set POSTRIDER_SERVICE_CA_FILE, or POSTRIDER_ALLOW_INSECURE=plaintext where a mesh encrypts`,
    );
  }
  throwIfAny(problems);
}

function findPairProblems({ tlsCertFile, tlsKeyFile }: AccessConfig | CallingConfig): readonly string[] {
  if ((tlsCertFile === undefined) === (tlsKeyFile === undefined)) return [];
  return ["POSTRIDER_TLS_CERT_FILE and POSTRIDER_TLS_KEY_FILE have to be set together"];
}

function findOpenDoors(config: AccessConfig, grpcAddress: string): readonly string[] {
  const { tlsCertFile, allowInsecure } = config;
  const where = `POSTRIDER_GRPC_ADDRESS=${grpcAddress} can be reached from elsewhere`;
  const problems: string[] = [];
  if (!isAuthenticated(config) && !allowInsecure.includes("unauthenticated")) {
    problems.push(
      `${where}, and callers are not authenticated: set POSTRIDER_TOKENS_FILE or POSTRIDER_JWT_ISSUER, or keep it on 127.0.0.1; POSTRIDER_ALLOW_INSECURE=unauthenticated lets everybody in`,
    );
  }
  if (tlsCertFile === undefined && !allowInsecure.includes("plaintext")) {
    problems.push(
      `${where}, and nothing is encrypted: set POSTRIDER_TLS_CERT_FILE and POSTRIDER_TLS_KEY_FILE; POSTRIDER_ALLOW_INSECURE=plaintext is for where a mesh encrypts`,
    );
  }
  return problems;
}

function throwIfAny(problems: readonly string[]): void {
  if (problems.length > 0) throw new SettingsError(problems.join("\n"));
}
