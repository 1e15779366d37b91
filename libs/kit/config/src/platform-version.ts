import { readFileSync } from "node:fs";

/** The version of the whole platform, as the root's package.json has it: one number for all services. */
export function readPlatformVersion(): string {
  const manifest = readFileSync(new URL("../../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
