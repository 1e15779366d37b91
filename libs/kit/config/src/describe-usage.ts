import { describeSettings, type SettingDefinitions } from "./parse-settings.ts";

export interface Usage {
  /** How it is started, such as `npm start`. */
  readonly command: string;
  /** One sentence. */
  readonly purpose: string;
  readonly settings: SettingDefinitions;
}

/** What a service's `--help` prints. */
export function describeUsage({ command, purpose, settings }: Usage): string {
  return `${command}: ${purpose}

It takes no arguments. These environment variables change it:

${describeSettings(settings)}
The command line for everything else: npx postrider --help
`;
}
