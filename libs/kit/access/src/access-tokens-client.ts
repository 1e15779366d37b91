import { type AccessToken, AccessTokenServiceClient } from "@postrider/contracts/postrider/v1/access";
import { call, callWatch, connectRpc, readErrorDetails, type RpcCredentials } from "@postrider/kit-rpc";
import type { StoredToken, TokenStore } from "./token-cache.ts";

/** A lookup takes milliseconds; a producer is told to come again when it takes longer than this. */
const DEADLINE_MS = 2000;
const MAX_MESSAGE_BYTES = 64 * 1024;

export interface ConnectAccessTokensOptions {
  /** host:port of the subscription service. */
  readonly address: string;
  readonly credentials?: RpcCredentials;
}

/** The tokens of the subscription service over gRPC. Connects when it is first used, and again whenever it has to. */
export function connectAccessTokens(
  options: ConnectAccessTokensOptions,
): TokenStore & { readonly close: () => Promise<void> } {
  const connection = connectRpc(AccessTokenServiceClient, { ...options, maxMessageBytes: MAX_MESSAGE_BYTES });
  return {
    find: async (sha256) => {
      const client = connection.client();
      try {
        const { accessToken } = await call(client.findAccessToken.bind(client), { sha256 }, { deadline: inTime() });
        return accessToken && toStoredToken(accessToken);
      } catch (error) {
        if (readErrorDetails(error).code === "NOT_FOUND") return undefined;
        throw error;
      }
    },
    watch: (afterRevision, signal) =>
      callWatch(connection, (client) => client.watchAccessTokens.bind(client), { request: { afterRevision }, signal }),
    recordUse: async (id, atMs) => {
      const client = connection.client();
      const request = { id, useTime: new Date(atMs) };
      return call(client.recordAccessTokenUse.bind(client), request, { deadline: inTime() });
    },
    close: async () => {
      connection.close();
      return Promise.resolve();
    },
  };
}

function toStoredToken({ id, name, scopes, tenantId, expireTime }: AccessToken): StoredToken {
  const caller = { name, scopes: new Set(scopes), boundTo: tenantId === "" ? undefined : tenantId };
  return { id, credential: { caller, expiresAtMs: expireTime?.getTime() ?? Infinity } };
}

function inTime(): Date {
  return new Date(Date.now() + DEADLINE_MS);
}
