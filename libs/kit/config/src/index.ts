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
  textSetting,
  type Parsed,
  type Setting,
} from "./setting.ts";
