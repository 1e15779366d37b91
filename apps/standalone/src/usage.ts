import { describeSettings } from "@postrider/kit-config";
import { STANDALONE_SETTINGS } from "./config.ts";

/** What `--help` prints. */
export function describeUsage(): string {
  return `npm start: the whole of Postrider in one process, on one SQLite file.

It takes no arguments. These environment variables change it:

${describeSettings(STANDALONE_SETTINGS)}
The command line for everything else: npx postrider --help
`;
}
