import { join } from "node:path";
import {
  createMasterKey,
  createSealer,
  findMasterKeyFile,
  loadMasterKeys,
  type MasterKeys,
  parseMasterKeys,
  type Sealer,
  writeMasterKeyFile,
} from "@postrider/kit-secrets";
import type { Logger } from "@postrider/kit-telemetry";
import { listMasterKeyIds, type SubscriptionDeps } from "@postrider/subscription";
import type { StandaloneConfig } from "./config.ts";

const FILE = "master-keys";

export interface OpenSealerDeps extends Pick<SubscriptionDeps, "database"> {
  readonly config: StandaloneConfig;
  readonly logger: Logger;
  readonly randomBytes: (count: number) => Uint8Array;
}

/**
 * What encrypts secrets: under the keys that are set, else under those of a file in the data folder, which is made at the
 * first start. The key beside the database guards its copies, if the file is not copied with it; set the keys to keep it
 * elsewhere.
 * @throws Error when the database was written with keys and there are none now: a new one would open nothing
 */
export async function openSealer({ config, database, logger, randomBytes }: OpenSealerDeps): Promise<Sealer> {
  const given = await loadMasterKeys(config);
  if (given) return createSealer({ masterKeys: given, randomBytes });
  const path = join(config.dataDir, FILE);
  let text = await findMasterKeyFile(path);
  if (text === undefined) {
    const ids = await listMasterKeyIds(database);
    if (ids.length > 0) {
      const lost = `${path} is missing, and the database was written with master keys: ${ids.join(", ")}`;
      throw new Error(`${lost}. Put it back, or set POSTRIDER_MASTER_KEYS_FILE`);
    }
    text = `# What secrets in this folder's database are encrypted with. Lost with it: every signing secret.\n${createMasterKey(randomBytes)}\n`;
    await writeMasterKeyFile(path, text);
    logger.info({ path }, "a master key was made");
  }
  return createSealer({ masterKeys: readKeys(path, text), randomBytes });
}

function readKeys(path: string, text: string): MasterKeys {
  const parsed = parseMasterKeys(text);
  if (parsed.kind === "invalid") throw new Error(`${path} should have one id:key a line: ${parsed.reason}`);
  return parsed.keys;
}
