export { createAccessToken, hashToken, isAccessToken } from "./access-token.ts";
export { connectAccessTokens, type ConnectAccessTokensOptions } from "./access-tokens-client.ts";
export { assertAccess, assertCalling } from "./assert-secure.ts";
export type { AccessWords, Credential } from "./credential.ts";
export {
  openAccess,
  openCalling,
  type Access,
  type Calling,
  type OpenAccessOptions,
  type OpenCallingOptions,
} from "./open-access.ts";
export { accessSettings, CALLING_SETTINGS, type AccessConfig, type CallingConfig } from "./settings.ts";
export { createTokenCache, type StoredToken, type TokenCache, type TokenStore } from "./token-cache.ts";
