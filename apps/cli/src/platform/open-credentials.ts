import { readFileSync } from "node:fs";
import type { ChannelCredentials, ClientOptions } from "@grpc/grpc-js";
import {
  assertUsable,
  channelOf,
  createFixedClientCredentials,
  interceptorsOf,
  isLoopbackAddress,
} from "@postrider/kit-rpc";
import { UsageError } from "../failures.ts";
import type { GlobalOptions } from "../options/global-options.ts";

type Options = Pick<GlobalOptions, "address" | "subscriptionAddress" | "token" | "caPath" | "certPath" | "keyPath">;

/**
 * Who the command line says it is, and how it knows the platform.
 * @throws {UsageError} for files that can't be used, and for a token that would go over a network in plaintext
 */
export function openCredentials(options: Options): { channel: ChannelCredentials; options: Partial<ClientOptions> } {
  const { token, caPath, certPath, keyPath, address, subscriptionAddress } = options;
  if ((certPath === undefined) !== (keyPath === undefined)) throw new UsageError("--cert and --key go together");
  if (certPath !== undefined && caPath === undefined) throw new UsageError("--cert needs --ca: it is for TLS only");
  const far = [address, subscriptionAddress].find((each) => !isLoopbackAddress(each));
  if (token !== undefined && caPath === undefined && far !== undefined) {
    throw new UsageError(`the token would go to ${far} in plaintext: name the authority of its certificate with --ca`);
  }
  const channel = caPath === undefined ? undefined : readCertificates({ caPath, certPath, keyPath });
  return {
    channel: channelOf({ ...(channel && { channel }) }),
    options: { interceptors: interceptorsOf({ ...(token !== undefined && { token: () => token }) }) },
  };
}

interface Paths {
  readonly caPath: string;
  readonly certPath: string | undefined;
  readonly keyPath: string | undefined;
}

function readCertificates({ caPath, certPath, keyPath }: Paths): ChannelCredentials {
  const certificates = {
    authorities: read("--ca", caPath),
    ...(certPath !== undefined &&
      keyPath !== undefined && {
        own: { certificate: read("--cert", certPath), privateKey: read("--key", keyPath) },
      }),
  };
  try {
    assertUsable(certificates);
  } catch (error) {
    throw new UsageError(`--ca, --cert, --key: ${error instanceof Error ? error.message : String(error)}`);
  }
  return createFixedClientCredentials(certificates);
}

function read(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`${option}: can't read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
