import { describeSettings } from "./parse-settings.ts";
import type { Usage } from "./describe-usage.ts";

/** A page of docs/settings: made from the code and compared by a test, so that it can't drift. */
export function describeSettingsPage(name: string, { command, purpose, settings }: Usage): string {
  return `# Settings of ${name}

\`${command}\`: ${purpose}

It reads these environment variables at start; a wrong one stops it with a line that says what it should be. This page is made from the
code: \`npx vitest run -u apps/${name}/src/config.test.ts\` writes it.

${describeSettings(settings)}`;
}
