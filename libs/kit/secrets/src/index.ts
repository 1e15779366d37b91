export { createMasterKey, parseMasterKeys, type MasterKeys, type ParsedMasterKeys } from "./master-keys.ts";
export { findMasterKeyFile, writeMasterKeyFile } from "./master-key-file.ts";
export { assertMasterKeysSet, loadMasterKeys, masterKeySettings, type MasterKeySource } from "./master-key-settings.ts";
export { createSealer, type Sealer } from "./create-sealer.ts";
export { rememberOpened } from "./remember-opened.ts";
export { SecretsError, type SecretsErrorCode } from "./secrets-error.ts";
