import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAccessToken, hashToken } from "@postrider/kit-access";
import { createSystemRandom, systemClock } from "@postrider/kit-lifecycle";
import { createLogger } from "@postrider/kit-telemetry";
import { parseStandaloneConfig } from "../config.ts";
import { createStandalone } from "../create-standalone.ts";

/** A caller of the file of callers. */
export interface Listed {
  readonly scopes: readonly string[];
  readonly tenant?: string;
}

/** The whole platform in this process, which asks its callers who they are. */
export interface GuardedPlatform {
  readonly address: string;
  /** Of the callers that were listed, by their names. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly adminAddress: string;
  /** Whether the text stands anywhere in the files of the data folder. */
  readonly isStored: (text: string) => Promise<boolean>;
  readonly close: () => Promise<void>;
}

export async function startGuardedPlatform(callers: Readonly<Record<string, Listed>>): Promise<GuardedPlatform> {
  const folder = await mkdtemp(join(tmpdir(), "guarded-"));
  const tokens = Object.fromEntries(Object.keys(callers).map((name) => [name, createAccessToken(randomBytes)]));
  const listed = Object.entries(callers).map(([name, caller]) => ({
    ...{ name, sha256: hashToken(tokens[name] ?? ""), ...caller },
  }));
  await writeFile(join(folder, "tokens.json"), JSON.stringify({ callers: listed }));
  const platform = await createStandalone({
    config: parseStandaloneConfig({
      ...{ POSTRIDER_GRPC_ADDRESS: "127.0.0.1:0", POSTRIDER_ADMIN_ADDRESS: "127.0.0.1:0", POSTRIDER_DATA_DIR: folder },
      POSTRIDER_TOKENS_FILE: join(folder, "tokens.json"),
    }),
    logger: createLogger({ service: "test", level: "silent" }),
    ...{ clock: systemClock, random: createSystemRandom(), randomBytes },
  });
  const stopping = new AbortController();
  const run = platform.run(stopping.signal);
  return {
    address: platform.grpcAddress,
    tokens,
    close: async () => {
      stopping.abort();
      await run;
      await rm(folder, { recursive: true });
    },
    adminAddress: platform.adminAddress,
    isStored: async (text) => {
      const names = (await readdir(folder)).filter((name) => name.startsWith("postrider"));
      const files = await Promise.all(names.map(async (name) => readFile(join(folder, name))));
      return files.some((bytes) => bytes.includes(text));
    },
  };
}
