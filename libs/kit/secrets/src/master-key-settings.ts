import { optionalSetting, type Setting, SettingsError, textSetting } from "@postrider/kit-config";
import { findMasterKeyFile } from "./master-key-file.ts";
import { type MasterKeys, parseMasterKeys } from "./master-keys.ts";

const KEYS_VARIABLE = "POSTRIDER_MASTER_KEYS";
const FILE_VARIABLE = "POSTRIDER_MASTER_KEYS_FILE";

const HINT = '`npx postrider secrets new-key` makes one, and so does: echo "key-1:$(openssl rand -base64 32)"';

/** Where the keys come from, as the settings read. At most one of the two is set. */
export interface MasterKeySource {
  readonly masterKeys: MasterKeys | undefined;
  readonly masterKeysFile: string | undefined;
}

/** How a service finds its master keys. @param otherwise what happens without them, as a sentence */
export function masterKeySettings(otherwise: string): {
  readonly [Name in keyof MasterKeySource]: Setting<MasterKeySource[Name]>;
} {
  return {
    masterKeys: {
      variable: KEYS_VARIABLE,
      fallback: "",
      doc: `The master keys, under which secrets are encrypted: \`id:key\`, separated by commas. A key is the base64 of 32 random bytes. The first one encrypts, the others only decrypt. ${otherwise}`,
      isSecret: true,
      parse: (text) => {
        if (text === "") return { kind: "value", value: undefined };
        const parsed = parseMasterKeys(text);
        return parsed.kind === "keys"
          ? { kind: "value", value: parsed.keys }
          : { kind: "wrong", wanted: `id:key, separated by commas: ${parsed.reason}` };
      },
    },
    masterKeysFile: optionalSetting(
      textSetting({
        variable: FILE_VARIABLE,
        fallback: "",
        doc: "A file with the master keys instead, one `id:key` a line, read at start.",
      }),
    ),
  };
}

/** @throws {SettingsError} unless exactly one of the two is set */
export function assertMasterKeysSet(source: MasterKeySource): void {
  assertOneSource(source);
  if (source.masterKeys || source.masterKeysFile !== undefined) return;
  const what = `${FILE_VARIABLE} or ${KEYS_VARIABLE} should be set: secrets are encrypted under a master key`;
  throw new SettingsError(`${what}. ${HINT}`);
}

/** The keys, from wherever the settings say; undefined if they say nothing. @throws {SettingsError} for a wrong file */
export async function loadMasterKeys(source: MasterKeySource): Promise<MasterKeys | undefined> {
  assertOneSource(source);
  const { masterKeys, masterKeysFile } = source;
  if (masterKeysFile === undefined) return masterKeys;
  const named = `${FILE_VARIABLE}=${JSON.stringify(masterKeysFile)}`;
  const text = await readNamed(masterKeysFile, named);
  if (text === undefined) throw new SettingsError(`${named} should be a file, and is not there. ${HINT}`);
  const parsed = parseMasterKeys(text);
  if (parsed.kind === "keys") return parsed.keys;
  throw new SettingsError(`${named} should have one id:key a line: ${parsed.reason}`);
}

async function readNamed(path: string, named: string): Promise<string | undefined> {
  try {
    return await findMasterKeyFile(path);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new SettingsError(`${named} can't be read: ${words}`, { cause });
  }
}

function assertOneSource({ masterKeys, masterKeysFile }: MasterKeySource): void {
  if (!masterKeys || masterKeysFile === undefined) return;
  throw new SettingsError(`${KEYS_VARIABLE} and ${FILE_VARIABLE} are both set: which keys are meant?`);
}
