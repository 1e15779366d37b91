export { describeUsage, type Usage } from "./describe-usage.ts";
export {
  describeSettings,
  parseSettings,
  SettingsError,
  type SettingDefinitions,
  type SettingsOf,
} from "./parse-settings.ts";
export {
  addressSetting,
  choiceSetting,
  durationSetting,
  integerSetting,
  listSetting,
  optionalSetting,
  textSetting,
  type Parsed,
  type Setting,
} from "./setting.ts";
export { readPlatformVersion } from "./platform-version.ts";
export { describeSettingsPage } from "./settings-page.ts";
