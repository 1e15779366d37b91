// Must hold: services that ask everybody who they are, themselves included, work together as they do without. Each knows
// the others by certificates over mutual TLS, callers by tokens; a token that is made in one is good, and revoked, in all.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChannelCredentials, credentials, Metadata } from "@grpc/grpc-js";
import { type AccessToken, AccessTokenServiceClient } from "@postrider/contracts/postrider/v1/access";
import { createAccessToken } from "@postrider/kit-access";
import { call, readErrorDetails } from "@postrider/kit-rpc";
import { createTestAuthority, findStack, type Receiver, startReceiver } from "@postrider/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectPlatform } from "./platform/client.ts";
import { openPlatform, type Platform } from "./platform/open-platform.ts";

const stack = findStack();
const SERVICE_NAME = "spiffe://test/service";
const ADMIN_TOKEN = createAccessToken(randomBytes);
const NEVER_MADE = createAccessToken(randomBytes);
/** A revocation is in force within a second or so; a busy machine takes longer. */
const REVOKED_WITHIN_MS = 20_000;

describe.skipIf(stack === undefined)("services that ask for credentials", () => {
  const authority = createTestAuthority();
  const folder = mkdtempSync(join(tmpdir(), "postrider-secured-"));
  let platform: Platform;
  let receiver: Receiver;

  beforeAll(async () => {
    if (!stack) return;
    const environment = writeCredentials();
    [platform, receiver] = await Promise.all([
      openPlatform({ stack, environment, channel: channelWith(ADMIN_TOKEN) }),
      startReceiver(),
    ]);
  });
  afterAll(async () => {
    await platform.close();
    await receiver.close();
    rmSync(folder, { recursive: true });
  });

  test("deliver what a known caller publishes", async () => {
    await platform.client.createSubscription({ url: receiver.url, tenantId: "acme" });
    await platform.client.publish({ id: "secured-1", tenantId: "acme" });
    const [request] = await receiver.waitFor(1);
    expect(request?.headers["webhook-id"]).toBe("secured-1");
  });

  test("let nobody in without credentials, nor with a token that was never made", async () => {
    for (const token of [undefined, NEVER_MADE]) {
      expect(await publishWith(token, "stranger")).toBe("UNAUTHENTICATED");
    }
  });

  test("know a token that was made meanwhile, for its own tenant only, until it is revoked", async () => {
    const tokens = new AccessTokenServiceClient(addresses().subscription, channelWith(ADMIN_TOKEN));
    const accessToken: AccessToken = {
      ...{ id: "", name: "acme shop", scopes: ["publish"], tenantId: "acme", creator: "" },
      ...{ expireTime: undefined, createTime: undefined, revokeTime: undefined, lastUseTime: undefined },
    };
    const made = await call(tokens.createAccessToken.bind(tokens), { accessToken }, soon());
    expect(await publishWith(made.token, "made-1")).toBe("accepted");
    expect(await publishWith(made.token, "made-2", "other")).toBe("PERMISSION_DENIED");

    await call(tokens.revokeAccessToken.bind(tokens), { id: made.accessToken?.id ?? "" }, soon());
    let attempts = 0;
    const publishAgain = async (): Promise<string> => publishWith(made.token, `revoked-${attempts++}`);
    await expect.poll(publishAgain, { timeout: REVOKED_WITHIN_MS }).toBe("UNAUTHENTICATED");
    tokens.close();
  });

  function writeCredentials(): Readonly<Record<string, string>> {
    const own = authority.issue({ commonName: "service", ipAddresses: ["127.0.0.1"], uris: [SERVICE_NAME] });
    const write = (name: string, content: string): string => {
      const path = join(folder, name);
      writeFileSync(path, content, { mode: 0o600 });
      return path;
    };
    const callers = [
      { name: "services", certificate: `URI:${SERVICE_NAME}`, scopes: ["publish", "operate"] },
      { name: "admin", token: ADMIN_TOKEN, scopes: ["publish", "manage", "read"] },
    ];
    const ca = write("ca.pem", authority.cert);
    return {
      POSTRIDER_TLS_CERT_FILE: write("service.pem", own.cert),
      POSTRIDER_TLS_KEY_FILE: write("service.key", own.key),
      POSTRIDER_TLS_CA_FILE: ca,
      POSTRIDER_SERVICE_CA_FILE: ca,
      POSTRIDER_TOKENS_FILE: write("callers.json", JSON.stringify({ callers })),
    };
  }

  function channelWith(token: string | undefined): ChannelCredentials {
    const secure = credentials.createSsl(Buffer.from(authority.cert));
    if (token === undefined) return secure;
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${token}`);
    const showToken = credentials.createFromMetadataGenerator((_, callback) => {
      callback(null, metadata);
    });
    return credentials.combineChannelCredentials(secure, showToken);
  }

  function addresses(): { readonly ingest: string; readonly subscription: string } {
    const { ingest, subscription } = platform.services;
    return { ingest: ingest.grpcAddress, subscription: subscription.grpcAddress };
  }

  /** What a producer with this token is answered. */
  async function publishWith(token: string | undefined, id: string, tenantId = "acme"): Promise<string> {
    const client = connectPlatform(addresses(), channelWith(token));
    try {
      await client.publish({ id, tenantId });
      return "accepted";
    } catch (error) {
      return readErrorDetails(error).code;
    } finally {
      client.close();
    }
  }
});

function soon(): { readonly deadline: Date } {
  return { deadline: new Date(Date.now() + 20_000) };
}
